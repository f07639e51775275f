"""OpenAI's Responses API as an upstream: encode, decode, and the adapter that joins them."""

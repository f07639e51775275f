"""The Chat Completions wire, as an upstream: OpenAI's own and every server that imitates it."""

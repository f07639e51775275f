"""The strict outward wire types of the OpenAI APIs."""

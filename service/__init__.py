"""What is served."""

VERSION = "0.1.0"
"""Of the whole; the same as in pyproject.toml."""

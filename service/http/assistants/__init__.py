"""The routes of the Assistants API, version 2."""

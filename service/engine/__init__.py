"""Runs: from a request to the stream of events it becomes."""

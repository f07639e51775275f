"""The Messages API on the wire."""

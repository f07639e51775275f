"""Tools of servers of the Model Context Protocol, as agents have them and callers bring them.

Whatever such a server sends is untrusted: it is taken in within bounds, and told in our words where it
fails. Only `wire` imports the protocol's library, which takes half a second, and is itself imported
when a server is first reached.
"""

"""The wires a scripted upstream speaks, each a pure rendering of one `Answer`."""

"""Money: what a model call may cost, what is held for it, and what it did cost."""

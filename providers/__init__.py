"""How models are reached: one folder per wire format, and what they share."""

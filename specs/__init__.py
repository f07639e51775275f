"""What things are: pure data. No I/O, no clock, no randomness."""

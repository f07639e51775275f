"""What tests lean on: tiny real implementations."""

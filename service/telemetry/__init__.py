"""What an operator can see from outside: logs and metrics. Names, numbers and ids, never content."""

"""What must survive: kills, power cuts, and a database that fails while the service runs."""

"""Tools that the server runs itself, as the loop sees them."""

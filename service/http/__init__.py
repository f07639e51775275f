"""The door: one thin router a resource, and what every answer needs."""

"""The organization: projects, people, keys, money and what was changed, for whoever administers."""

"""Tokens of an OpenID Connect issuer: checked here, and made users of."""

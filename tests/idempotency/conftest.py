"""The service of the whole suite."""

from tests.service.conftest import books_add_up, service, shared_upstream

__all__ = ["books_add_up", "service", "shared_upstream"]

"""The service of the whole suite."""

from tests.service.conftest import (  # noqa: F401
    api,
    books_add_up,
    http,
    key,
    service,
    shared_upstream,
    upstream,
)

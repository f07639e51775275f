"""The service as one process: put together, served, reloaded, let go."""

from service.app.house import open_house
from service.app.parts import Parts
from service.app.process import reload, run, serve
from service.app.server import AddressInUse, Server, listen

__all__ = ["AddressInUse", "Parts", "Server", "listen", "open_house", "reload", "run", "serve"]

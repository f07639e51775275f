"""What the operator configured: `load` reads it, `Settings` is it."""

from service.settings.load import find_file, load, load_without_secrets
from service.settings.model import Settings
from service.settings.problems import SettingsError

__all__ = ["Settings", "SettingsError", "find_file", "load", "load_without_secrets"]

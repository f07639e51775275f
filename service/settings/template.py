"""The commented configuration file that `dragoman init` writes."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = Path(__file__).with_name("template.toml")

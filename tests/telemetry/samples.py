"""Reads what Prometheus would read."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

MODELS = ("scripted-1", "err-500", "err-400", "fails-late", "no-usage", "stall", "cut", "tool", "garbage")


def wire_configuration(upstream: str) -> str:
    """One provider whose models behave by their names."""
    prices = "\n".join(f'[providers.local.prices."{model}"]\ninput = 2.0\noutput = 8.0' for model in MODELS)
    return f"""
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
expose = {list(MODELS)}
{prices}
"""


class Samples:
    """Every sample of one scrape."""

    def __init__(self, text: str) -> None:
        self._found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        """The samples of this name with these labels, added up; 0 without any."""
        return sum(
            sample.value
            for sample in self._found
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    @property
    def names(self) -> set[str]:
        """The names of all samples."""
        return {sample.name for sample in self._found}

    @property
    def labels(self) -> set[tuple[str, str]]:
        """Every label with its value."""
        return {pair for sample in self._found for pair in sample.labels.items()}


def scrape(url: str) -> Samples:
    """Read the metrics as they are now."""
    return Samples(httpx.get(url).raise_for_status().text)

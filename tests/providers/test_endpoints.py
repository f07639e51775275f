"""What is known of endpoints and model families."""

from __future__ import annotations

import pytest

from providers.endpoints import ENDPOINTS, chat_profile, endpoint_for
from providers.families import FAMILIES, profile_for
from providers.openai_chat.profile import ChatProfile
from providers.openai_responses.profile import ResponsesProfile
from providers.profiles import Profile
from specs.requests import Settings


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://api.mistral.ai/v1", "mistral"),
        ("https://team.openai.azure.com/openai/v1", "openai"),
        ("http://127.0.0.1:11434/v1", "ollama"),
    ],
)
def test_an_endpoint_is_known_by_its_address(url: str, name: str) -> None:
    endpoint = endpoint_for(url)
    assert endpoint is not None
    assert endpoint.name == name


def test_a_server_of_ones_own_is_known_by_its_name() -> None:
    endpoint = endpoint_for("http://10.0.0.7:8000/v1", name="vllm")
    assert endpoint is not None
    assert endpoint.name == "vllm"


@pytest.mark.parametrize("url", ["http://127.0.0.1:22100/v1", "https://evilapi.groq.com.example/v1"])
def test_an_unknown_address_has_the_defaults(url: str) -> None:
    assert endpoint_for(url) is None
    assert chat_profile("scripted-1", url) == ChatProfile()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda row: row.name)
def test_every_row_makes_a_profile(endpoint: object) -> None:
    assert isinstance(endpoint, type(ENDPOINTS[0]))
    profile = ChatProfile(**endpoint.facts)
    assert set(profile.unsupported) <= set(Settings.__struct_fields__)
    assert set(endpoint.firm) <= set(endpoint.facts)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda row: row.pattern)
def test_every_family_names_fields_of_a_profile(family: object) -> None:
    assert isinstance(family, type(FAMILIES[0]))
    fields = {*ChatProfile.__struct_fields__, *ResponsesProfile.__struct_fields__}
    assert set(family.facts) <= fields
    refused = family.facts.get("refused", ())
    assert isinstance(refused, tuple)
    assert set(refused) <= set(Settings.__struct_fields__)


@pytest.mark.parametrize(
    ("model", "window", "output"),
    [
        ("gpt-5-mini", 400_000, 128_000),
        ("openai/gpt-5.2-pro", 400_000, 128_000),
        ("gpt-5-chat-latest", 128_000, 16_384),
        ("o3", 200_000, 100_000),
        ("gpt-4o-2024-08-06", 128_000, 16_384),
        ("anthropic/claude-sonnet-4-5", 200_000, 64_000),
        ("Qwen/Qwen3-32B", 262_144, None),
        ("nobody-knows", None, None),
    ],
)
def test_limits_of_families(model: str, window: int | None, output: int | None) -> None:
    profile = profile_for(model, Profile())
    assert (profile.context_window, profile.max_output_tokens) == (window, output)


def test_reasoning_models_refuse_sampling() -> None:
    assert "temperature" in chat_profile("o4-mini", "https://api.openai.com/v1").refused
    assert "temperature" not in chat_profile("gpt-4o", "https://api.openai.com/v1").refused


def test_an_endpoint_holds_firm_where_a_family_says_otherwise() -> None:
    assert chat_profile("openai/gpt-5", "https://openrouter.ai/api/v1").system_role == "system"
    assert chat_profile("gpt-5", "https://api.openai.com/v1").system_role == "developer"


def test_facts_of_another_wire_are_left_out() -> None:
    assert type(profile_for("o3", Profile())) is Profile

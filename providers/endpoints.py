"""Known OpenAI-compatible endpoints, as rows: by which address they are known, and how they differ.

An endpoint we do not know is a server that does what OpenAI's did before it had services of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, structs

from providers.families import profile_for
from providers.openai_chat.profile import SERVICE_SETTINGS, ChatProfile


class Endpoint(Struct, frozen=True):
    name: str
    """Also matched against the provider's name in the configuration, for servers one runs oneself."""
    hosts: tuple[str, ...]
    """Ends of `host` or `host:port`."""
    facts: dict[str, Any] = {}
    """Fields of `ChatProfile` in which it differs from a server we know nothing of."""
    firm: tuple[str, ...] = ()
    """Of these, the ones a model's family does not override."""


_NO_PENALTIES = ("presence_penalty", "frequency_penalty", "logit_bias")

ENDPOINTS = (
    Endpoint(
        "openai",
        ("api.openai.com", "openai.azure.com"),
        {
            "unsupported": (),
            "cap_field": "max_completion_tokens",
            "allowed_tools": True,
            "attachments": ("image", "audio", "file"),
        },
    ),
    Endpoint(
        "groq",
        ("api.groq.com",),
        {
            "unsupported": (
                "logprobs",
                "top_logprobs",
                "logit_bias",
                "prompt_cache_key",
                "safety_identifier",
                "verbosity",
            ),
            "cap_field": "max_completion_tokens",
            "attachments": ("image",),
            "system_role": "system",
        },
        firm=("system_role",),
    ),
    Endpoint(
        "mistral",
        ("api.mistral.ai",),
        {
            "unsupported": (*SERVICE_SETTINGS, "logprobs", "top_logprobs", "logit_bias", "seed"),
            "usage_option": False,
            "nine_character_ids": True,
            "attachments": ("image", "audio"),
        },
    ),
    Endpoint(
        "deepseek",
        ("api.deepseek.com",),
        {
            "unsupported": (*SERVICE_SETTINGS, "seed", "logit_bias", "parallel_tool_calls"),
            "response_formats": ("json_object",),
            "reasoning_replay": "reasoning_content",
            "attachments": (),
        },
    ),
    Endpoint(
        "openrouter",
        ("openrouter.ai",),
        {"unsupported": ("service_tier", "prompt_cache_key", "safety_identifier"), "system_role": "system"},
        firm=("system_role",),
    ),
    Endpoint(
        "cerebras",
        ("api.cerebras.ai",),
        {
            "unsupported": (*SERVICE_SETTINGS, *_NO_PENALTIES),
            "cap_field": "max_completion_tokens",
            "attachments": (),
            "system_role": "system",
        },
        firm=("system_role", "cap_field"),
    ),
    Endpoint("xai", ("api.x.ai",), {"attachments": ("image",)}),
    Endpoint(
        "moonshot",
        ("api.moonshot.ai", "api.moonshot.cn"),
        {
            "unsupported": (
                "service_tier",
                "safety_identifier",
                "verbosity",
                "logprobs",
                "top_logprobs",
                "seed",
            ),
            "reasoning_replay": "reasoning_content",
            "attachments": ("image", "video"),
        },
    ),
    Endpoint(
        "alibaba",
        ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
        {
            "unsupported": (*SERVICE_SETTINGS, "frequency_penalty", "logit_bias"),
            "attachments": ("image", "video"),
        },
    ),
    Endpoint(
        "zai",
        ("api.z.ai", "open.bigmodel.cn"),
        {
            "unsupported": (*SERVICE_SETTINGS, *_NO_PENALTIES, "logprobs", "top_logprobs", "seed"),
            "response_formats": ("json_object",),
            "reasoning_replay": "reasoning_content",
            "attachments": ("image", "video"),
        },
    ),
    Endpoint(
        "google",
        ("generativelanguage.googleapis.com", "aiplatform.googleapis.com"),
        {
            "unsupported": (*SERVICE_SETTINGS, "logit_bias", "seed", "parallel_tool_calls"),
            "attachments": ("image", "audio"),
        },
    ),
    Endpoint("huggingface", ("router.huggingface.co",), {}),
    Endpoint("together", ("api.together.xyz", "api.together.ai"), {"attachments": ("image", "video")}),
    Endpoint("fireworks", ("api.fireworks.ai",), {"attachments": ("image",)}),
    Endpoint(
        "ollama",
        ("localhost:11434", "127.0.0.1:11434", "ollama:11434", "host.docker.internal:11434"),
        {
            "unsupported": (
                *SERVICE_SETTINGS,
                "logprobs",
                "top_logprobs",
                "logit_bias",
                "parallel_tool_calls",
            ),
            "forced_tools": False,
            "attachments": ("image",),
            "system_role": "system",
            "cap_field": "max_tokens",
        },
        firm=("system_role", "cap_field"),
    ),
    Endpoint(
        "vllm",
        (),
        {"reasoning_replay": "reasoning_content", "attachments": ("image", "audio", "video")},
    ),
    Endpoint("llama.cpp", ("localhost:8080", "127.0.0.1:8080"), {"attachments": ("image", "audio")}),
    Endpoint("lmstudio", ("localhost:1234", "127.0.0.1:1234"), {"attachments": ("image",)}),
)


def endpoint_for(base_url: str, *, name: str = "") -> Endpoint | None:
    """The row an address belongs to, else the one of this name; None for a server we do not know."""
    host = urlsplit(base_url).netloc.rpartition("@")[2].lower()
    by_host = (row for row in ENDPOINTS if any(_is_host(host, end) for end in row.hosts))
    by_name = (row for row in ENDPOINTS if row.name == name.lower())
    return next(by_host, None) or next(by_name, None)


@lru_cache(maxsize=1024)
def chat_profile(model: str, base_url: str, *, name: str = "") -> ChatProfile:
    """What is known of this model at this address."""
    endpoint = endpoint_for(base_url, name=name)
    if endpoint is None:
        return profile_for(model, ChatProfile())
    profile = profile_for(model, ChatProfile(**endpoint.facts))
    return structs.replace(profile, **{field: endpoint.facts[field] for field in endpoint.firm})


def _is_host(host: str, end: str) -> bool:
    return host == end or host.endswith("." + end)

"""Facts about model families, as rows: limits, tokenizers, what they refuse. One row a family, the
first that matches holds.

A row may name facts of one wire only; a profile without that field leaves them out. Sources: the
vendors' model pages as far as they are known; they size holds and requests, and a wrong row shows as
a provider's refusal. A family we do not know keeps the profile's own defaults.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct, structs

from providers.profiles import Profile

AnyProfile = TypeVar("AnyProfile", bound=Profile)

SAMPLING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
"""Settings that OpenAI's reasoning models refuse."""


class Family(Struct, frozen=True):
    pattern: str
    """Matched against the start of the model's name, in lower case, without a vendor's prefix."""
    facts: dict[str, object]
    """Fields of a profile."""


_OPENAI = {"encoding": "o200k_base", "count_margin": 1.0}
_PLAIN = {**_OPENAI, "efforts": (), "refused": ("verbosity",)}
_SEARCHES = {**_PLAIN, "native_search": True}
_CL100K = {**_PLAIN, "encoding": "cl100k_base"}
_REASONING = {
    **_OPENAI,
    "system_role": "developer",
    "cap_field": "max_completion_tokens",
    "refused": (*SAMPLING, "stop"),
    "encrypted_reasoning": True,
    "default_effort": "medium",
}
_GPT_5 = {
    **_REASONING,
    "efforts": ("minimal", "low", "medium", "high"),
    "image_tokens": 4_000,
    "custom_tools": True,
    "native_search": True,
}
_GPT_5_PRO = {**_GPT_5, "efforts": ("high",), "default_effort": "high"}
_GPT_5_1 = {
    **_GPT_5,
    "efforts": ("none", "low", "medium", "high"),
    "default_effort": "none",
    "free_without_effort": True,
}
_GPT_5_2 = {**_GPT_5_1, "efforts": ("none", "low", "medium", "high", "xhigh")}
# Images sent with detail `original` are counted in up to 10,000 patches, by the small models times 2.46.
_GPT_5_4 = {**_GPT_5_2, "image_tokens": 12_000}
_GPT_5_4_SMALL = {**_GPT_5_4, "image_tokens": 25_000}
_GPT_5_5 = {**_GPT_5_4_SMALL, "efforts": None, "default_effort": "medium"}
_NEWER = {**_GPT_5_5, "encoding": None, "count_margin": 1.3, "free_without_effort": False}
_CODEX = {**_GPT_5, "efforts": ("low", "medium", "high", "xhigh"), "default_effort": "high"}
_O_SERIES = {**_REASONING, "efforts": ("low", "medium", "high")}
_O_SERIES["refused"] = (*SAMPLING, "stop", "parallel_tool_calls", "verbosity")
_O1_SMALL = {**_O_SERIES, "system_role": "user", "efforts": ()}
_CLAUDE = {"image_tokens": 5_000, "count_margin": 1.5}
_NO_PENALTIES = ("presence_penalty", "frequency_penalty", "stop")


def _family(
    pattern: str, context_window: int, max_output_tokens: int | None = None, **facts: object
) -> Family:
    limits = {"context_window": context_window, "max_output_tokens": max_output_tokens}
    return Family(pattern, {**limits, **facts})


FAMILIES = (
    _family(r"gpt-5-chat", 128_000, 16_384, **{**_OPENAI, "efforts": ()}),
    _family(r"gpt-[\d.]+-chat", 128_000, 16_384, **_OPENAI, refused=SAMPLING),
    _family(r"gpt-5-pro", 400_000, 272_000, **_GPT_5_PRO),
    _family(r"gpt-5\.[1-3][\w.-]*-(codex|pro)|gpt-5-codex|gpt-5\.3", 400_000, 128_000, **_CODEX),
    _family(r"gpt-5(-|$)", 400_000, 128_000, **_GPT_5),
    _family(r"gpt-5\.1", 400_000, 128_000, **_GPT_5_1),
    _family(r"gpt-5\.2", 400_000, 128_000, **_GPT_5_2),
    _family(r"gpt-5\.4-(mini|nano)", 400_000, 128_000, **_GPT_5_4_SMALL),
    _family(r"gpt-5\.4(-\d|$)", 1_050_000, 128_000, **_GPT_5_4),
    _family(r"gpt-5\.", 1_050_000, 128_000, **_GPT_5_5),
    _family(r"gpt-[6-9]", 1_050_000, 128_000, **_NEWER),
    _family(r"codex-mini", 200_000, 100_000, **_O_SERIES),
    _family(r"computer-use", 8_192, 1_024, **_O_SERIES),
    _family(r"o1-mini|o1-preview", 128_000, 65_536, **_O1_SMALL),
    _family(r"o\d", 200_000, 100_000, **_O_SERIES),
    _family(r"gpt-4\.1", 1_047_576, 32_768, image_tokens=4_000, **_SEARCHES),
    # Its images are counted 33 times those of its larger sister, so that they cost the same.
    _family(r"gpt-4o-mini", 128_000, 16_384, image_tokens=48_500, **_SEARCHES),
    _family(r"gpt-4o-2024-05-13", 128_000, 4_096, **_PLAIN),
    _family(r"gpt-4o", 128_000, 16_384, **_SEARCHES),
    _family(r"chatgpt-4o|gpt-4\.5", 128_000, 16_384, **_PLAIN),
    _family(r"gpt-4-turbo|gpt-4-(\d+|vision)-preview", 128_000, 4_096, **_CL100K),
    _family(r"gpt-4-32k", 32_768, 32_768, **_CL100K),
    _family(r"gpt-4(-|$)", 8_192, 8_192, **_CL100K),
    _family(r"gpt-3\.5", 16_385, 4_096, **_CL100K),
    _family(r"gpt-oss", 131_072, None, efforts=("low", "medium", "high"), attachments=(), **_OPENAI),
    _family(r"claude-3-(opus|haiku|sonnet)", 200_000, 4_096, **_CLAUDE),
    _family(r"claude-3[-.]5", 200_000, 8_192, **_CLAUDE),
    _family(r"claude-opus-4(-1|\.1|-2025|@|$)", 200_000, 32_000, **_CLAUDE),
    _family(r"claude-(opus|sonnet)-(4[-.][6-9]|[5-9])", 1_000_000, 128_000, **_CLAUDE),
    _family(r"claude", 200_000, 64_000, **_CLAUDE),
    _family(r"gemini-(2\.0|1)", 1_048_576, 8_192),
    _family(r"gemini", 1_048_576, 65_536),
    _family(r"deepseek-r1", 128_000, 64_000, think_tags=True, attachments=()),
    _family(r"deepseek-reasoner", 128_000, 64_000, attachments=()),
    _family(r"deepseek", 128_000, attachments=()),
    _family(r"qwen[\d.]*-?vl", 131_072, image_tokens=17_000),
    _family(r"qwen3|qwq", 262_144, think_tags=True),
    _family(r"qwen", 131_072),
    _family(r"kimi", 262_144),
    _family(r"glm", 204_800, think_tags=True),
    _family(r"grok-4", 256_000, refused=_NO_PENALTIES),
    _family(r"grok", 131_072),
    _family(r"mistral|ministral|magistral|pixtral|codestral|devstral", 131_072),
    _family(r"(meta-)?llama-?4", 1_048_576),
    _family(r"(meta-)?llama-?3\.[1-9]", 131_072),
    _family(r"(meta-)?llama-?3", 8_192),
)

_compiled = tuple((re.compile(family.pattern), family.facts) for family in FAMILIES)


@lru_cache(maxsize=1024)
def profile_for(model: str, base: AnyProfile) -> AnyProfile:
    """The base profile with what is known of the model's family.

    `vendor/model:variant`, `vendor.model` and a fine-tuned `ft:model:…` count as `model`.
    """
    name = model.rsplit("/", 1)[-1].lower().removeprefix("ft:").removeprefix("openai.")
    facts = next((facts for pattern, facts in _compiled if pattern.match(name)), {})
    known = {field: value for field, value in facts.items() if field in base.__struct_fields__}
    return structs.replace(base, **known) if known else base

"""Counting tokens. Slow and large (a tokenizer is 80 MB and half a second to load), so it is done
in a thread and only where it decides something: a hold that is not affordable by bytes, or an
answer whose provider did not say what it used.
"""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct

from providers.profiles import Profile
from service.ledger.bounds import BYTES_PER_TOKEN, byte_length

if TYPE_CHECKING:
    from tiktoken import Encoding

SIZE_LIMIT = 1 << 20
"""Characters that are counted; the rest is only measured."""
_SLICE = 16_384
"""Characters handed over at once: the splitting pattern backtracks over one long run of blanks
until its stack is full. A slice more is at most a token more."""

# How the encodings split text before merging bytes: a fact of each, published with it at
# https://github.com/openai/tiktoken/blob/0.14.0/tiktoken_ext/openai_public.py
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_PATTERNS = {
    "o200k_base": "|".join(
        (
            rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTIONS}",
            rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTIONS}",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        )
    ),
    "cl100k_base": "|".join(
        (
            r"'(?i:[sdmt]|ll|ve|re)",
            r"[^\r\n\p{L}\p{N}]?+\p{L}++",
            r"\p{N}{1,3}+",
            r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
            r"\s++$",
            r"\s*[\r\n]",
            r"\s+(?!\S)",
            r"\s",
        )
    ),
}
_STAND_IN = "o200k_base"
_loading = Lock()


class Count(Struct, frozen=True):
    """The tokens of some texts, as far as they were counted."""

    tokens: int
    uncounted_bytes: int = 0

    @property
    def bound(self) -> int:
        """There are no more."""
        return self.tokens + self.uncounted_bytes

    @property
    def guess(self) -> int:
        """There are about so many."""
        return self.tokens + -(-self.uncounted_bytes // BYTES_PER_TOKEN)


def count_tokens(texts: Iterable[str], profile: Profile) -> Count:
    """Count by the model's own tokenizer, or by another with the profile's margin. Blocks."""
    own = profile.encoding in _PATTERNS
    encoding = _encoding(profile.encoding if own and profile.encoding else _STAND_IN)
    room, tokens, uncounted = SIZE_LIMIT, 0, 0
    for text in texts:
        head, tail = text[:room], text[room:]
        room -= len(head)
        uncounted += byte_length(tail)
        tokens += sum(
            len(encoding.encode_ordinary(head[start : start + _SLICE]))
            for start in range(0, len(head), _SLICE)
        )
    return Count(math.ceil(tokens * (1.0 if own else profile.count_margin)), uncounted)


def _encoding(name: str) -> Encoding:
    """Load an encoding once, whoever asks first."""
    with _loading:
        return _load(name)


@cache
def _load(name: str) -> Encoding:
    import tiktoken

    return tiktoken.Encoding(name, pat_str=_PATTERNS[name], mergeable_ranks=_ranks(name), special_tokens={})


def _ranks(name: str) -> dict[bytes, int]:
    """Read a rank file; a package brings them, so that no network is needed."""
    found = find_spec("bpe_openai")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("bpe_openai, which brings the rank files, is not installed")
    packed = (Path(found.origin).parent / "data" / f"{name}.tiktoken.gz").read_bytes()
    lines = (line.split() for line in gzip.decompress(packed).splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}

"""Reading foreign JSON: every way it can be wrong becomes an `InvalidRequest` that says what was
expected, what was found, and where (`messages[2].content`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeVar, cast, overload

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from service.dialects.remembered import Remembered
from service.dialects.words import takes_object_at, words_at
from specs.errors import InvalidRequest, MalformedBody

MAX_FREE_JSON = 256 * 1024
"""Bytes that one piece of free-form JSON (a schema, parameters) may have."""
MAX_FREE_DEPTH = 32
MAX_VALUES = 200_000
"""Values a large body may hold: millions of tiny ones would hold up everyone else for seconds."""
MAX_INTEGER = 2**31 - 1
"""The largest count taken from a caller; larger ones overflow what is downstream."""

T = TypeVar("T")
N = TypeVar("N", int, float)
W = TypeVar("W", bound=str)

_LARGE = 1024 * 1024
_LOCATED = re.compile(r"(?s)(.*?)(?: - at (?:`key` in )?`\$\.?(.*)`)?")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_ODD_WORD = re.compile(r"(?s)Invalid (?:enum )?value '(.*)'")
_WORDS = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class _Tagged(Struct):
    type: str | None = None


_tagged = msgspec.json.Decoder(_Tagged)
_anything = msgspec.json.Decoder()
_found_right = Remembered(2_048)
"""Free-form objects."""


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a whole request body.

    Raises MalformedBody where it is not a JSON object in UTF-8, InvalidRequest where a field is wrong.
    """
    if len(body) > _LARGE and body.count(b",") > MAX_VALUES:
        raise InvalidRequest(f"The body has too many values; at most {MAX_VALUES} are read.")
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look inside the strings of fields it skips
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refused(str(error), "", decoder.type) from error
    except msgspec.DecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {_no_stop(str(error))}.") from error
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not valid UTF-8 (byte {error.start}).") from error
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply.") from error


def decode_part(raw: Raw, decoder: msgspec.json.Decoder[T], *, param: str) -> T:
    """Decode a part of a body that was left raw; `param` is where in the body it stands."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _refused(str(error), param, decoder.type) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{param} is not valid JSON: {_no_stop(str(error))}.", param=param) from error
    except RecursionError as error:
        raise InvalidRequest(f"{param} is nested too deeply.", param=param) from error


def type_of(raw: Raw, *, param: str) -> str | None:
    """The `type` of a raw object; None where it has none."""
    return decode_part(raw, _tagged, param=param).type


def is_given(raw: Raw | UnsetType) -> bool:
    """Whether a raw field is there and not null."""
    return not isinstance(raw, UnsetType) and bytes(raw) != b"null"


def free_object(raw: Raw | UnsetType, *, param: str) -> Raw | UnsetType:
    """Check a free-form JSON object and give it back as it was, on one line: it may be echoed in a stream,
    whose frames are lines. Null is the same as absent.

    Raises InvalidRequest when it is no object, larger than 256 KiB or deeper than 32 levels.
    """
    if isinstance(raw, UnsetType) or (json := bytes(raw)) == b"null":
        return UNSET
    if len(json) > MAX_FREE_JSON:
        raise InvalidRequest(
            f"{param} may have at most {MAX_FREE_JSON} bytes; it has {len(json)}.", param=param
        )
    if json not in _found_right:
        _check_object(raw, param)
        _found_right.add(json)
    return raw if b"\n" not in json and b"\r" not in json else Raw(_on_one_line(json))


def _check_object(raw: Raw, param: str) -> None:
    value = decode_part(raw, _anything, param=param)
    if not isinstance(value, dict):
        raise InvalidRequest(f"{param} must be an object; got {_json_name(value)}.", param=param)
    if is_deeper(value, MAX_FREE_DEPTH):
        raise InvalidRequest(f"{param} may be nested at most {MAX_FREE_DEPTH} levels deep.", param=param)


def _on_one_line(json: bytes) -> bytes:
    return msgspec.json.format(json, indent=-1)


def required(value: T | None, *, param: str) -> T:
    """Refuse None: the field has to be there."""
    if value is None:
        raise InvalidRequest(f"Missing required field {param!r}.", param=param)
    return value


def in_range(value: N | None, low: N, high: N, *, param: str) -> N | None:
    """Refuse a number outside `low`..`high`, both allowed."""
    if value is not None and not low <= value <= high:
        raise InvalidRequest(f"{param} must be from {low} to {high}; got {shown(value)}.", param=param)
    return value


@overload
def one_of(value: str, allowed: Collection[W], *, param: str) -> W: ...
@overload
def one_of(value: str | None, allowed: Collection[W], *, param: str) -> W | None: ...
def one_of(value: str | None, allowed: Collection[W], *, param: str) -> W | None:
    """Refuse a word that is not among those allowed."""
    if value is not None and value not in allowed:
        raise _not_one_of(value, allowed, param=param)
    return cast("W | None", value)


def _not_one_of(
    value: str, allowed: Collection[str], *, param: str, or_object: bool = False
) -> InvalidRequest:
    words = ", ".join(repr(word) for word in allowed) + (" or an object" if or_object else "")
    return InvalidRequest(f"{param} must be one of {words}; got {shown(value)}.", param=param)


def at_most(value: str | None, limit: int, *, param: str) -> str | None:
    """Refuse a string longer than `limit` characters."""
    if value is not None and len(value) > limit:
        raise InvalidRequest(
            f"{param} may have at most {limit} characters; it has {len(value)}.", param=param
        )
    return value


def name_of_tool(name: str, *, param: str) -> str:
    """Refuse what cannot be the name of a function or a schema."""
    if not _TOOL_NAME.fullmatch(name):
        raise InvalidRequest(
            f"{param}: {shown(name)} may hold 1 to 64 letters, digits, '_' and '-'.",
            param=param,
        )
    return name


def checked_metadata(pairs: Mapping[str, str] | None, *, param: str = "metadata") -> dict[str, str]:
    """Hold metadata to its limits: 16 pairs, keys of 64 characters, values of 512."""
    pairs = pairs or {}
    if len(pairs) > 16:
        raise InvalidRequest(f"{param} may have at most 16 pairs; it has {len(pairs)}.", param=param)
    for key, value in pairs.items():
        if len(key) > 64:
            raise InvalidRequest(
                f"{param}: the key {shown(key)} has {len(key)} characters; at most 64 are allowed.",
                param=param,
            )
        at_most(value, 512, param=f"{param}.{key}")
    return dict(pairs)


def shown(value: object) -> str:
    """A caller's value as a message quotes it: its repr, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _refused(message: str, prefix: str, kind: object) -> InvalidRequest:
    located = _LOCATED.fullmatch(message)
    text, path = (located[1], located[2] or "") if located else (message, "")
    if (missing := _MISSING.fullmatch(text)) is not None:
        param = _joined(prefix, _joined(path, missing[1]))
        return InvalidRequest(f"Missing required field {param!r}.", param=param)
    words = words_at(kind, path) if (odd := _ODD_WORD.fullmatch(text)) is not None else ()
    param = _joined(prefix, path).replace("[...]", "")
    if odd is not None and words:
        return _not_one_of(odd[1], words, param=param, or_object=takes_object_at(kind, path))
    if not param:
        return MalformedBody(f"The body must be a JSON object: {_plain(text)}.")
    return InvalidRequest(f"{param}: {_plain(text)}.", param=param)


def _joined(prefix: str, path: str) -> str:
    if not prefix or not path:
        return prefix or path
    return f"{prefix}{path}" if path.startswith("[") else f"{prefix}.{path}"


def _plain(text: str) -> str:
    """Say msgspec's finding in JSON's words instead of Python's."""
    words = re.sub(r"`([^`]*)`", lambda found: _type_words(found[1]), text)
    return _no_stop(words[:1].lower() + words[1:])


def _type_words(types: str) -> str:
    return " or ".join(_WORDS.get(name, name) for name in types.split(" | "))


def _no_stop(text: str) -> str:
    return text.removeprefix("JSON is malformed: ").rstrip(".")


def _json_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def is_deeper(value: object, limit: int) -> bool:
    """Whether objects and lists stand inside each other more than `limit` times."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True

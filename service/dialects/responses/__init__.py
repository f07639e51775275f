"""The Responses API, as OpenAI and Open Responses define it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import structs

from service.dialects.base import NewId, Reading
from service.dialects.responses.echo import Echo, echo_of
from service.dialects.responses.read import read_request
from service.dialects.responses.render import ResponsesRenderer
from service.dialects.responses.spelling import PLAIN, STRICT, Spelling
from specs.errors import Failure
from specs.openai.common import ErrorBody

_echo = msgspec.json.Decoder(Echo)


class ResponsesDialect:
    """`POST /v1/responses`, in one of its spellings; `is_strict` tells of agents that have the strict one."""

    name = "responses"
    named_events = True
    done = True

    def __init__(
        self, spelling: Spelling = PLAIN, *, is_strict: Callable[[str], bool] = lambda agent: False
    ) -> None:
        self._spelling = spelling
        self._is_strict = is_strict

    def spelling_for(self, agent: str) -> Spelling:
        """How the answers of an agent, by the name its caller used, are spelled."""
        return STRICT if self._is_strict(agent) else self._spelling

    def read(self, body: bytes, new_id: NewId) -> Reading:
        """Read a request's body.

        Raises `specs.errors.InvalidRequest` or `NotFound` whose `param` names the field.
        """
        return read_request(body, new_id)

    def renderer(self, reading: Reading, new_id: NewId) -> ResponsesRenderer:
        """Begin to write the answer; its id comes from the run's."""
        return ResponsesRenderer(echo_of(reading), self.spelling_for(reading.request.agent))

    def renderer_again(self, echo: str, *, padded: bool | None = None) -> ResponsesRenderer:
        """Begin to write the answer to a request of which `echo` was kept: the same answer, event by event.

        `padded` is whether deltas have `obfuscation`; None leaves that as it was.
        """
        said = _echo.decode(echo)
        if padded is not None:
            said = structs.replace(said, padded=padded)
        return ResponsesRenderer(said, self.spelling_for(said.model))

    def is_background(self, echo: str) -> bool:
        """Whether a kept response was made in the background."""
        return _echo.decode(echo).background

    def echo(self, reading: Reading) -> str:
        """What is kept of a request to write its answer again."""
        return msgspec.json.encode(echo_of(reading)).decode()

    def status(self, failure: Failure) -> int:
        """The failure's own."""
        return failure.status

    def error(self, failure: Failure) -> ErrorBody:
        """The error envelope."""
        return self._spelling.error(failure)


responses = ResponsesDialect()
"""As OpenAI's clients know it."""
strict_responses = ResponsesDialect(STRICT)
"""As Open Responses has it."""

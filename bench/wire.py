"""The few bytes of HTTP/1.1 that mock and load generator need."""

from __future__ import annotations


def head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and headers."""
    lines = [f"HTTP/1.1 {status} Mock", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def request(*, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A whole POST request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole_body(data: bytes | bytearray) -> bytes | None:
    """The body of the one message in `data`; None while it is not all there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    top, start = bytes(data[:end]).lower(), end + 4
    at = top.find(b"content-length:")
    if at >= 0:
        length = int(top[at + 15 :].split(b"\r\n", 1)[0])
        return bytes(data[start : start + length]) if len(data) >= start + length else None
    return unchunk(data, start) if data.endswith(b"0\r\n\r\n") else None


def unchunk(data: bytes | bytearray, start: int) -> bytes | None:
    """The chunked body that begins at `start`; None while it is not all there."""
    pieces, at = [], start
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(bytes(data[line_end + 2 : line_end + 2 + size]))
        at = line_end + 2 + size + 2
    return None

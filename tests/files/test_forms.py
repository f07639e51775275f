"""Forms as they come over the wire, in order and out of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.house import Service, eventually

URL = "/v1/files"
FORM = {"content-type": "multipart/form-data; boundary=b"}


def field(name: str, value: str, *, filename: str | None = None) -> str:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{value}\r\n'


FILE = field("file", "content", filename="a.txt")
PURPOSE = field("purpose", "user_data")
END = "--b--\r\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("/abs/olute.txt", "olute.txt"),
        ("C:\\\\Users\\\\me\\\\plan.pdf", "plan.pdf"),
        ("a\tb\x00c.txt", "abc.txt"),
        ("naïve – 日本.txt", "naïve – 日本.txt"),
        ("%22><script>.html", '"><script>.html'),
        ("x" * 400 + ".pdf", "x" * 238 + ".pdf"),
    ],
)
def test_a_name_is_kept_for_display_only(name: str, shown: str, http: httpx.Client, blobs: Path):
    body = field("file", "content", filename=name) + PURPOSE + END
    made = http.post(URL, content=body.encode(), headers=FORM)
    assert made.status_code == 200, made.text
    assert made.json()["filename"] == shown
    eventually(lambda: all(len(path.name) == 32 for path in blobs.iterdir()))


@pytest.mark.parametrize("name", ["", ".", "..", "../..", "/", "\t"])
def test_a_file_needs_a_name(name: str, http: httpx.Client):
    body = field("file", "content", filename=name) + PURPOSE + END
    refused = http.post(URL, content=body, headers=FORM)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "file")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("", "file"),
        (END, "file"),
        (PURPOSE + END, "file"),
        (FILE + END, "purpose"),
        (field("file", "content") + PURPOSE + END, "file"),
        (field("file", "", filename="a.txt") + PURPOSE + END, "file"),
        (FILE + field("purpose", "spying") + END, "purpose"),
        (FILE + field("purpose", "") + END, "purpose"),
        (FILE + FILE + PURPOSE + END, "file"),
        (FILE + PURPOSE + PURPOSE + END, "purpose"),
        (PURPOSE + FILE[:-5], "file"),
        (FILE + PURPOSE[:-4], "purpose"),
        (FILE + PURPOSE, "purpose"),
        ("not a form at all", "file"),
        (FILE + field("purpose", "x" * 70_000) + END, "purpose"),
        (FILE + PURPOSE + field("expires_after[anchor]", "created_at") + END, "expires_after[seconds]"),
        (FILE + PURPOSE + field("expires_after[seconds]", "3600") + END, "expires_after[anchor]"),
        (
            FILE + PURPOSE + field("expires_after[anchor]", "created_at")
            + field("expires_after[seconds]", "60") + END,
            "expires_after[seconds]",
        ),
        (
            FILE + PURPOSE + field("expires_after[anchor]", "now")
            + field("expires_after[seconds]", "3600") + END,
            "expires_after[anchor]",
        ),
        ("".join(field(f"f{i}", "") for i in range(40)) + FILE + PURPOSE + END, "file"),
    ],
)  # fmt: skip
def test_the_field_at_fault_is_named(body: str, param: str, http: httpx.Client):
    refused = http.post(URL, content=body.encode(), headers=FORM)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), refused.text


def test_a_purpose_that_is_none_is_told_those_there_are(http: httpx.Client):
    refused = http.post(URL, files={"file": ("a", b"x")}, data={"purpose": "spying"})
    assert "'assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'" in refused.text


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ('multipart/form-data; boundary=""', 400),
        ("multipart/form-data; boundary=" + "b" * 300, 400),
        ("multipart/mixed; boundary=b", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_only_a_form_is_read(content_type: str, status: int, http: httpx.Client):
    refused = http.post(URL, content=FILE + PURPOSE + END, headers={"content-type": content_type})
    assert (refused.status_code, refused.json()["error"]["param"]) == (status, "Content-Type")


def test_a_field_that_is_not_utf8_is_refused_by_name(http: httpx.Client):
    body = FILE.encode() + PURPOSE.encode().replace(b"user_data", b"\xff\xfe") + END.encode()
    refused = http.post(URL, content=body, headers=FORM)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "purpose")


def test_a_head_that_is_not_utf8_is_refused(http: httpx.Client):
    body = FILE.encode().replace(b"a.txt", b"\xff.txt") + PURPOSE.encode() + END.encode()
    assert http.post(URL, content=body, headers=FORM).status_code == 400


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_form_may_arrive_in_any_pieces(size: int, http: httpx.Client):
    content = "--b\n--b-\r\n\r\n--\r\n-" * 9
    body = (PURPOSE + field("file", content, filename="a.bin") + END).encode()
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    made = http.post(URL, content=pieces, headers=FORM).json()
    assert http.get(f"{URL}/{made['id']}/content").content == content.encode()


def test_what_is_refused_leaves_nothing_on_the_disk(http: httpx.Client, service: Service, blobs: Path):
    before = set(blobs.iterdir())
    large = field("file", "x" * 1_000_000, filename="a")
    for body in (large + END, large[:-10], large + field("purpose", "spying") + END):
        assert http.post(URL, content=body, headers=FORM).status_code == 400
    eventually(lambda: set(blobs.iterdir()) <= before)


def test_a_caller_that_leaves_leaves_nothing_on_the_disk(http: httpx.Client, blobs: Path):
    before = set(blobs.iterdir())

    def endless():
        yield FILE.encode()[:-2]
        for _ in range(40):
            yield b"x" * 100_000
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        http.post(URL, content=endless(), headers=FORM)
    eventually(lambda: set(blobs.iterdir()) <= before)


def test_a_file_over_the_limit_is_413_and_one_over_the_usual_body_limit_is_taken(
    http: httpx.Client, service: Service
):
    assert service.settings.server.max_body_bytes < 35_000_000
    taken = http.post(URL, files={"file": ("big", b"x" * 35_000_000)}, data={"purpose": "user_data"})
    assert (taken.status_code, taken.json()["bytes"]) == (200, 35_000_000)
    assert http.delete(f"{URL}/{taken.json()['id']}").status_code == 200
    refused = http.post(URL, files={"file": ("big", b"x" * 40_000_001)}, data={"purpose": "user_data"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "file_too_large")


def test_a_form_that_is_mostly_not_its_file_is_413(http: httpx.Client):
    refused = http.post(URL, content=b"x" * 5_000_000, headers=FORM)
    assert refused.status_code == 413


def test_bytes_go_to_the_disk_as_they_arrive(http: httpx.Client, blobs: Path):
    seen: list[int] = []

    def arriving():
        yield (PURPOSE + FILE[:-2]).encode()
        for _ in range(60):
            yield b"x" * 100_000
        eventually(lambda: any(path.suffix == ".part" for path in blobs.iterdir()))
        eventually(lambda: size_of_unfinished(blobs) > 5_000_000)
        seen.append(size_of_unfinished(blobs))
        yield ("\r\n" + END).encode()

    made = http.post(URL, content=arriving(), headers=FORM)
    assert made.json()["bytes"] == 6_000_007
    assert len(seen) == 1


def size_of_unfinished(blobs: Path) -> int:
    sizes = [0]
    for path in blobs.glob("*.part"):
        with suppress(FileNotFoundError):  # one that was just discarded
            sizes.append(path.stat().st_size)
    return max(sizes)

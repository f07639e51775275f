"""The official openai SDK, unchanged, stores files and names them."""

from __future__ import annotations

import hashlib

import openai
import pytest
from openai import OpenAI

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_a_file_is_created_listed_shown_fetched_and_deleted(client: OpenAI):
    made = client.files.create(file=("notes.txt", b"The door is green."), purpose="user_data")
    assert made.id.startswith("file-")
    assert (made.object, made.bytes, made.filename, made.purpose) == ("file", 18, "notes.txt", "user_data")
    assert made.expires_at is None
    assert client.files.wait_for_processing(made.id, poll_interval=0.01).status == "processed"
    assert client.files.retrieve(made.id) == made
    assert made in list(client.files.list())
    assert client.files.content(made.id).content == b"The door is green."
    gone = client.files.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "file", True)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)


def test_a_file_may_expire(client: OpenAI):
    made = client.files.create(
        file=b"bare bytes", purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert made.expires_at == made.created_at + 3600
    assert client.files.create(file=b"{}", purpose="batch").expires_at is not None


def test_pages_follow_one_another(client: OpenAI):
    made = [client.files.create(file=(f"{i}.csv", b"a,b"), purpose="evals").id for i in range(5)]
    assert [file.id for file in client.files.list(limit=2, order="asc", purpose="evals")] == made
    assert [file.id for file in client.files.list(limit=2, purpose="evals")] == made[::-1]


def test_an_upload_in_parts_becomes_a_file(client: OpenAI):
    content = b"0123456789" * 1000
    upload = client.uploads.create(
        bytes=len(content), filename="big.txt", mime_type="text/plain", purpose="assistants"
    )
    assert (upload.status, upload.object, upload.file) == ("pending", "upload", None)
    assert upload.expires_at == upload.created_at + 3600
    second = client.uploads.parts.create(upload.id, data=content[6000:])
    first = client.uploads.parts.create(upload.id, data=content[:6000])
    assert (first.object, first.upload_id) == ("upload.part", upload.id)
    done = client.uploads.complete(
        upload.id, part_ids=[first.id, second.id], md5=hashlib.md5(content).hexdigest()
    )
    assert done.status == "completed"
    assert done.file is not None
    assert done.file.bytes == len(content)
    assert client.files.content(done.file.id).content == content


def test_an_upload_is_given_up(client: OpenAI):
    upload = client.uploads.create(bytes=3, filename="a", mime_type="text/plain", purpose="vision")
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.uploads.parts.create(upload.id, data=b"abc")


def test_the_sdk_cuts_a_file_into_parts(client: OpenAI, tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * 300_000)
    done = client.uploads.upload_file_chunked(
        file=path, mime_type="text/plain", purpose="assistants", part_size=100_000
    )
    assert done.file is not None
    assert client.files.content(done.file.id).content == path.read_bytes()

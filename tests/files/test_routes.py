"""The routes of files and uploads, and who may see what."""

from __future__ import annotations

import concurrent.futures
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.http.downloads import disposition
from tests.support.house import Service, eventually
from tests.support.openapi import validator

CONTENT = b"The door is green."
UNKNOWN = "file-000000000000000000000000000000aa"


def store(http: httpx.Client, name: str = "a.txt", content: bytes = CONTENT, **fields: str) -> dict[str, Any]:
    made = http.post("/v1/files", files={"file": (name, content)}, data={"purpose": "user_data", **fields})
    assert made.status_code == 200, made.text
    return made.json()


def begin(http: httpx.Client, size: int, **fields: Any) -> dict[str, Any]:
    asked = {"bytes": size, "filename": "a.txt", "mime_type": "text/plain", "purpose": "user_data"}
    made = http.post("/v1/uploads", json={**asked, **fields})
    assert made.status_code == 200, made.text
    return made.json()


def add(http: httpx.Client, upload: str, data: bytes) -> str:
    made = http.post(f"/v1/uploads/{upload}/parts", files={"data": data})
    assert made.status_code == 200, made.text
    return made.json()["id"]


def complete(http: httpx.Client, upload: str, *parts: str, **fields: Any) -> httpx.Response:
    return http.post(f"/v1/uploads/{upload}/complete", json={"part_ids": parts, **fields})


def test_the_objects_are_those_of_the_published_document(http: httpx.Client):
    file = store(http)
    validator("OpenAIFile").validate(file)
    expiring = store(http, **{"expires_after[anchor]": "created_at", "expires_after[seconds]": "7200"})
    validator("OpenAIFile").validate(expiring)
    assert expiring["expires_at"] == expiring["created_at"] + 7200
    assert "expires_at" not in file
    validator("ListFilesResponse").validate(http.get("/v1/files").json())
    validator("ListFilesResponse").validate(http.get("/v1/files?purpose=nothing").json())
    upload = begin(http, 3)
    validator("Upload").validate(upload)
    part = http.post(f"/v1/uploads/{upload['id']}/parts", files={"data": b"abc"}).json()
    validator("UploadPart").validate(part)
    validator("Upload").validate(complete(http, upload["id"], part["id"]).json())
    validator("DeleteFileResponse").validate(http.delete(f"/v1/files/{file['id']}").json())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/files/{file}", {}),
        ("GET", "/v1/files/{file}/content", {}),
        ("DELETE", "/v1/files/{file}", {}),
        ("GET", "/v1/files?after={file}", {}),
        ("POST", "/v1/uploads/{upload}/parts", {"files": {"data": b"abc"}}),
        ("POST", "/v1/uploads/{upload}/complete", {"json": {"part_ids": ["part_x"]}}),
        ("POST", "/v1/uploads/{upload}/cancel", {}),
        ("POST", "/v1/responses", "responses"),
        ("POST", "/v1/chat/completions", "chat"),
    ],
)
def test_what_is_another_projects_is_what_never_was(
    method: str, path: str, body: Any, http: httpx.Client, stranger: httpx.Client
):
    file, upload = store(http)["id"], begin(http, 3)["id"]

    def ask(file: str, upload: str) -> tuple[int, bytes]:
        sent = {"json": naming(body, file)} if isinstance(body, str) else body
        answer = stranger.request(method, path.format(file=file, upload=upload), **sent)
        return answer.status_code, answer.content

    foreign = ask(file, upload)
    assert foreign[0] == 404
    assert foreign == ask(UNKNOWN, "upload_000000000000000000000000000000aa")
    assert foreign == ask("%00", "no-such-thing")
    assert http.get(f"/v1/files/{file}").status_code == 200


def naming(api: str, file: str) -> dict[str, Any]:
    """A request that names a file."""
    if api == "chat":
        part = {"type": "file", "file": {"file_id": file}}
        return {"model": "agent_answers", "messages": [{"role": "user", "content": [part]}]}
    part = {"type": "input_file", "file_id": file}
    return {"model": "agent_answers", "input": [{"role": "user", "content": [part]}]}


def test_a_list_is_of_ones_own_project(http: httpx.Client, stranger: httpx.Client):
    file = store(http)["id"]
    assert file in [each["id"] for each in http.get("/v1/files").json()["data"]]
    assert stranger.get("/v1/files").json() == {
        "data": [],
        "first_id": "",
        "last_id": "",
        "has_more": False,
        "object": "list",
    }


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=10001", "limit"), ("limit=x", "limit"), ("order=up", "order")],
)
def test_a_wrong_page_is_refused_by_name(query: str, param: str, http: httpx.Client):
    refused = http.get(f"/v1/files?{query}")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_key_without_the_scope_may_not(service: Service):
    headers = service.key(scopes=("inference",)).headers
    with httpx.Client(base_url=service.base_url, headers=headers) as http:
        assert http.get("/v1/files").status_code == 403
        assert http.post("/v1/uploads", json={}).status_code == 403


@pytest.mark.parametrize(
    ("name", "media_type", "shown"),
    [
        ("a.txt", "text/plain", "text/plain"),
        ("a.html", "text/html", "application/octet-stream"),
        ("a.svg", "image/svg+xml", "application/octet-stream"),
        ("a.png", "application/octet-stream", "image/png"),
        ("a", "text plain", "application/octet-stream"),
    ],
)
def test_content_is_never_run_by_a_browser(name: str, media_type: str, shown: str, http: httpx.Client):
    made = http.post(
        "/v1/files", files={"file": (name, CONTENT, media_type)}, data={"purpose": "user_data"}
    ).json()
    answer = http.get(f"/v1/files/{made['id']}/content")
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == shown
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "x-request-id" in answer.headers


def test_a_name_cannot_leave_its_header():
    assert disposition('a"; x="\r\nñ.txt') == (
        b"attachment; filename=\"a__ x=____.txt\"; filename*=UTF-8''a%22%3B%20x%3D%22%0D%0A%C3%B1.txt"
    )


def test_bytes_lie_under_random_names_for_their_owner_alone(http: httpx.Client, blobs: Path):
    before = set(blobs.iterdir()) if blobs.exists() else set()
    file = store(http, "secret-name.txt")
    (blob,) = set(blobs.iterdir()) - before
    assert blob.read_bytes() == CONTENT
    assert stat.S_IMODE(blob.stat().st_mode) == 0o600
    assert stat.S_IMODE(blobs.stat().st_mode) == 0o700
    assert file["id"].removeprefix("file-") not in blob.name
    assert http.delete(f"/v1/files/{file['id']}").status_code == 200
    assert not blob.exists()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 40_000_001}, "bytes"),
        ({"bytes": "many"}, "bytes"),
        ({"filename": ".."}, "filename"),
        ({"purpose": "spying"}, "purpose"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor"),
    ],
)
def test_a_wrong_upload_is_refused_by_name(fields: dict[str, Any], param: str, http: httpx.Client):
    asked = {"bytes": 3, "filename": "a", "mime_type": "text/plain", "purpose": "user_data", **fields}
    refused = http.post("/v1/uploads", json=asked)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), refused.text


def test_parts_are_joined_in_the_order_they_are_named(http: httpx.Client):
    upload = begin(http, 6, expires_after={"anchor": "created_at", "seconds": 3600})["id"]
    parts = [add(http, upload, data) for data in (b"ab", b"cd", b"ef")]
    file = complete(http, upload, *reversed(parts), md5="E9C5A36E3A5ABA1BB2CF0F5E6E0CBB0B")
    assert file.json()["error"]["param"] == "md5"
    file = complete(http, upload, *reversed(parts)).json()["file"]
    assert http.get(f"/v1/files/{file['id']}/content").content == b"efcdab"
    assert file["expires_at"] == file["created_at"] + 3600


def test_an_upload_is_complete_only_as_announced(http: httpx.Client, stranger: httpx.Client):
    upload, other = begin(http, 4)["id"], begin(http, 4)["id"]
    first, foreign = add(http, upload, b"ab"), add(http, other, b"cd")
    for parts, param in (
        ([], "part_ids"),
        ([first], "part_ids"),
        ([first, first], "part_ids"),
        ([first, foreign], "part_ids[1]"),
        ([first, "part_x"], "part_ids[1]"),
    ):
        refused = complete(http, upload, *parts)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    second = add(http, upload, b"cd")
    assert complete(http, upload, first, second).json()["status"] == "completed"
    for again in (complete(http, upload, first, second), http.post(f"/v1/uploads/{upload}/cancel")):
        assert again.status_code == 400
        assert "completed" in again.text


@pytest.mark.parametrize(("field", "data"), [("data", b""), ("other", b"x"), ("data", b"12345")])
def test_a_part_has_bytes_and_not_too_many(field: str, data: bytes, http: httpx.Client):
    upload = begin(http, 4)["id"]
    refused = http.post(f"/v1/uploads/{upload}/parts", files={field: data})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "data")


def test_an_upload_completed_many_times_at_once_is_one_file(http: httpx.Client, blobs: Path):
    before = set(blobs.iterdir())
    upload = begin(http, 200_000)["id"]
    part = add(http, upload, b"x" * 200_000)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: complete(http, upload, part).status_code, range(8)))
    assert sorted(answers) == [200] + [400] * 7
    eventually(lambda: len(set(blobs.iterdir()) - before) == 1)


def test_a_project_stores_no_more_than_it_may(service: Service, blobs: Path):
    headers = service.key(project="hoarders").headers
    with httpx.Client(base_url=service.base_url, headers=headers) as http:
        before = set(blobs.iterdir())
        files = [store(http, content=b"x" * 39_000_000)["id"] for _ in range(2)]
        upload = begin(http, 20_000_000)["id"]
        part = add(http, upload, b"y" * 20_000_000)
        refused = http.post("/v1/files", files={"file": ("a", b"z" * 2_100_000)}, data={"purpose": "evals"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "storage_limit_exceeded")
        refused = http.post(
            "/v1/uploads",
            json={"bytes": 2_100_000, "filename": "a", "mime_type": "a/b", "purpose": "evals"},
        )
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "storage_limit_exceeded")
        assert complete(http, upload, part).status_code == 200
        eventually(lambda: len(set(blobs.iterdir()) - before) == 3)
        for file in http.get("/v1/files").json()["data"]:
            assert http.delete(f"/v1/files/{file['id']}").status_code == 200
        assert len(files) == 2
    eventually(lambda: set(blobs.iterdir()) <= before)

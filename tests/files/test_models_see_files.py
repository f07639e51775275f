"""What a model gets of a stored file: its bytes, in its own request only."""

from __future__ import annotations

import base64
import sqlite3

import openai
import pytest
from openai import OpenAI

from tests.support.house import Key, Service
from tests.support.upstream import Upstream

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\n" + bytes(100)


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def store(client: OpenAI, name: str, content: bytes) -> str:
    return client.files.create(file=(name, content), purpose="user_data").id


def responses_input(*parts: dict) -> list:
    return [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, *parts]}]


def test_responses_gives_files_and_images_to_the_model(client: OpenAI, upstream: Upstream):
    parts = (
        {"type": "input_file", "file_id": store(client, "plan.pdf", PDF)},
        {"type": "input_image", "file_id": store(client, "door", PNG), "detail": "low"},
    )
    client.responses.create(model="agent_answers", input=responses_input(*parts))
    sent = upstream.exchanges[0].body["input"][-1]["content"]
    assert sent[1] == {
        "type": "input_file",
        "filename": "plan.pdf",
        "file_data": data_url("application/pdf", PDF),
    }
    assert sent[2] == {"type": "input_image", "detail": "low", "image_url": data_url("image/png", PNG)}


@pytest.mark.parametrize("agent", ["agent_answers", "agent_letters"])
def test_chat_gives_a_file_to_the_model(agent: str, client: OpenAI, upstream: Upstream):
    file = {"type": "file", "file": {"file_id": store(client, "plan.pdf", PDF)}}
    client.chat.completions.create(
        model=agent, messages=[{"role": "user", "content": [{"type": "text", "text": "?"}, file]}]
    )
    assert base64.b64encode(PDF).decode() in upstream.exchanges[0].raw.decode()
    assert "file-" not in upstream.exchanges[0].raw.decode()


def test_a_text_file_is_text_to_a_model_that_reads_it_so(client: OpenAI, upstream: Upstream):
    file = {"type": "input_file", "file_id": store(client, "notes.md", b"# The door\nis green.")}
    client.responses.create(model="agent_letters", input=responses_input(file))
    assert "# The door\\nis green." in upstream.exchanges[0].raw.decode()


def test_a_tools_result_may_name_a_file(client: OpenAI, upstream: Upstream):
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    result = {
        "type": "function_call_output",
        "call_id": "c",
        "output": [{"type": "input_image", "file_id": store(client, "door.png", PNG)}],
    }
    client.responses.create(model="agent_answers", input=[call, result])
    assert data_url("image/png", PNG) in upstream.exchanges[0].raw.decode()


def test_what_is_stored_of_a_turn_names_the_file_and_the_next_turn_sends_it_again(
    client: OpenAI, service: Service, upstream: Upstream
):
    file = {"type": "input_file", "file_id": store(client, "plan.pdf", PDF)}
    first = client.responses.create(model="agent_answers", input=responses_input(file))
    with sqlite3.connect(service.settings.database) as database:
        stored = "".join(payload for (payload,) in database.execute("select payload from items"))
    assert file["file_id"] in stored
    assert base64.b64encode(PDF).decode() not in stored
    client.responses.create(model="agent_answers", input="And now?", previous_response_id=first.id)
    assert data_url("application/pdf", PDF) in upstream.exchanges[1].raw.decode()


@pytest.mark.parametrize("kind", ["input_file", "input_image"])
def test_a_chain_goes_on_where_a_file_of_an_earlier_turn_was_deleted(kind, client, upstream: Upstream):
    file = {"type": kind, "file_id": store(client, "door.png", PNG)}
    first = client.responses.create(model="agent_answers", input=responses_input(file))
    client.files.delete(file["file_id"])
    raw = client.responses.with_raw_response.create(
        model="agent_answers", input="And now?", previous_response_id=first.id
    )
    assert file["file_id"] in raw.headers["x-dragoman-warning"]
    told = upstream.exchanges[1].body["input"]
    assert f"The file {file['file_id']} was deleted" in told[0]["content"][-1]["text"]
    assert raw.parse().status == "completed"


def test_a_deleted_file_is_counted_as_what_the_model_is_told(client: OpenAI, upstream: Upstream):
    file = {"type": "input_file", "file_id": store(client, "plan.pdf", PDF)}
    first = client.responses.create(model="agent_answers", input=responses_input(file))
    client.files.delete(file["file_id"])
    counted = client.responses.input_tokens.count(model="agent_answers", previous_response_id=first.id)
    assert counted.input_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_file_that_is_not_there_is_a_404_that_names_the_part_and_costs_nothing(
    stream: bool, client: OpenAI, key: Key, upstream: Upstream
):
    known = {"type": "input_file", "file_id": store(client, "plan.pdf", PDF)}
    absent = {"type": "input_image", "file_id": "file-absent"}
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="agent_answers", input=responses_input(known, absent), stream=stream)
    assert (caught.value.code, caught.value.param) == ("not_found", "input[0].content[2].file_id")
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(
            model="agent_answers",
            messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-absent"}}]}],
            stream=stream,
        )
    assert caught.value.param == "messages[0].content[0].file.file_id"
    assert upstream.exchanges == []
    assert (key.account.settled, key.account.held) == (0, 0)


def test_the_files_of_one_request_have_a_limit_together(client: OpenAI, upstream: Upstream):
    half = b"x" * 600_000
    files = [{"type": "input_file", "file_id": store(client, f"{i}.txt", half)} for i in range(2)]
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="agent_answers", input=responses_input(*files))
    assert caught.value.code == "files_too_large"
    client.responses.create(model="agent_answers", input=responses_input(files[0], files[0]))
    assert len(upstream.exchanges) == 1


def test_what_a_file_may_cost_is_held(service: Service, upstream: Upstream):
    key = service.key(dollars=0.1)
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        small = {"type": "input_file", "file_id": store(client, "small.txt", b"x" * 1_000)}
        large = {"type": "input_file", "file_id": store(client, "large.txt", b"x" * 900_000)}
        client.responses.create(model="agent_answers", input=responses_input(small), max_output_tokens=100)
        with pytest.raises(openai.RateLimitError):
            client.responses.create(
                model="agent_answers", input=responses_input(large), max_output_tokens=100
            )
    assert len(upstream.exchanges) == 1


def test_an_image_that_is_none_is_refused(client: OpenAI, upstream: Upstream):
    part = {"type": "input_image", "file_id": store(client, "notes.txt", b"text")}
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="agent_answers", input=responses_input(part))
    assert upstream.exchanges == []


def test_the_input_items_of_a_stored_response_name_the_files(client: OpenAI, upstream: Upstream):
    image = {"type": "input_image", "file_id": store(client, "door.png", PNG), "detail": "low"}
    file = {"type": "input_file", "file_id": store(client, "plan.pdf", PDF)}
    response = client.responses.create(model="agent_answers", input=responses_input(image, file))
    (item,) = client.responses.input_items.list(response.id).data
    shown = item.to_dict()["content"]
    assert [part.get("file_id") for part in shown] == [None, image["file_id"], file["file_id"]]
    assert "base64" not in str(shown)

"""Facts of Containerfile and compose.yaml that hold without an engine to build them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile: its keyword and its arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(keyword, rest) for keyword, _, rest in (line.partition(" ") for line in lines)]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, FROM included."""
    found: list[list[tuple[str, str]]] = []
    for keyword, rest in instructions():
        if keyword == "FROM":
            found.append([])
        if found:
            found[-1].append((keyword, rest))
    return found


def last(keyword: str) -> str:
    """The arguments of the final stage's last instruction of this kind."""
    return [rest for name, rest in stages()[-1] if name == keyword][-1]


def environment() -> dict[str, str]:
    """What the final stage sets."""
    pairs = (pair.partition("=") for pair in shlex.split(last("ENV")))
    return {name: value for name, _, value in pairs}


def test_there_are_two_stages_on_one_tagged_base() -> None:
    base = next(rest for keyword, rest in instructions() if keyword == "ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=\S+/python:3\.11-slim-[a-z]+", base)
    assert [stage[0][1] for stage in stages()] == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]


def test_it_runs_as_a_numbered_user_that_is_not_root() -> None:
    user, _, group = last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    order = [keyword for keyword, _ in stages()[-1]]
    assert order.index("USER") > max(at for at, keyword in enumerate(order) if keyword == "RUN")


def test_dependencies_are_installed_by_hash_and_the_app_without_any() -> None:
    installs = [rest for keyword, rest in instructions() if keyword == "RUN" and " install --" in rest]
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "install --no-deps --no-build-isolation ." in installs[1]


def test_everything_copied_from_the_checkout_exists_and_is_not_ignored() -> None:
    copies = [rest.split() for keyword, rest in stages()[0] if keyword == "COPY"]
    sources = {source for words in copies for source in words[:-1]}
    assert all((ROOT / source).exists() for source in sources)
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    assert sources == {line[1:] for line in ignored if line.startswith("!")}


def test_the_final_stage_takes_nothing_from_the_checkout() -> None:
    assert all("--from=build" in rest for keyword, rest in stages()[-1] if keyword == "COPY")


def test_it_listens_to_all_addresses_keeps_its_data_in_a_volume_and_prints_no_key() -> None:
    assert environment()["DRAGOMAN__SERVER__HOST"] == "0.0.0.0"
    assert environment()["DRAGOMAN__STORE__URL"].startswith("sqlite:////data/")
    assert environment()["DRAGOMAN_QUIET"] == "1"
    assert json.loads(last("VOLUME")) == ["/data"]


def test_the_health_check_asks_whether_it_is_ready() -> None:
    command = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    assert "/health/ready" in command[2]
    compile(command[2], "HEALTHCHECK", "exec")


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml"])
def test_no_secret_is_written_down(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"sk-\w{8}|(?i:(api_key|token|password|secret)\w*\s*[=:]\s*[\"']?\w)", text)


def test_compose_runs_it_with_nothing_it_does_not_need() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["dragoman"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"][0].startswith("/tmp:")
    assert not service.get("privileged")


def test_compose_keeps_the_volume_and_publishes_on_this_machine_only() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    service = compose["services"]["dragoman"]
    assert "data:/data" in service["volumes"]
    assert "data" in compose["volumes"]
    assert service["ports"] == ["127.0.0.1:8484:8484"]
    assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_compose_waits_longer_than_the_drain_takes() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["dragoman"]
    assert int(service["stop_grace_period"].removesuffix("s")) > 30

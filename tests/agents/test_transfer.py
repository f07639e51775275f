"""Agents go from one database to another as a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.cli import main
from service.store.agents_records import Sharing, StoredAgent
from service.store.database import Database
from specs.agents import Agent, CodeInterpreterTool
from specs.tools import McpServer, OpenApiTool
from tests.support.math_action import DOCUMENT

Run = Callable[..., tuple[int, str]]
NOW = 1_800_000_000


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives its exit code and what it printed, errors too."""
    for name in ("DRAGOMAN_CONFIG", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> tuple[int, str]:
        code = 0
        try:
            main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, "".join(capsys.readouterr())

    return command


def fill(folder: Path, *agents: Agent, project: str = "default", sharing: Sharing | None = None) -> str:
    """A configuration whose database has these agents."""

    async def make() -> None:
        async with await Database.open(folder / "data" / "dragoman.db") as database:
            owner = await database.projects.ensure(project, id=f"proj_{project}", now=NOW)
            for agent in agents:
                stored = StoredAgent(agent=agent, project=owner.id, sharing=sharing or Sharing())
                await database.agents.create(stored, by="key_1")

    folder.mkdir(exist_ok=True)
    (folder / "dragoman.toml").write_text("")
    asyncio.run(make())
    return str(folder / "dragoman.toml")


def kept(folder: Path, id: str) -> StoredAgent | None:
    async def find() -> StoredAgent | None:
        async with await Database.open(folder / "data" / "dragoman.db") as database:
            return await database.agents.current(id)

    return asyncio.run(find())


CLERK = Agent(
    "agent_clerk",
    "demo/demo-1",
    instructions="Be brief.",
    tools=(CodeInterpreterTool(),),
    metadata={"a": "b"},
    created_at=NOW,
)
TUTOR = Agent("asst_tutor", "demo/demo-1", aliases=("gpt-4o",), created_at=NOW)


def outcomes(printed: str) -> dict[str, str]:
    return {each["id"]: each["outcome"] for each in json.loads(printed)}


def test_agents_come_over_as_they_were(run: Run, tmp_path: Path):
    here = fill(tmp_path / "here", CLERK, TUTOR, sharing=Sharing("public"))
    there = fill(tmp_path / "there")
    file = str(tmp_path / "agents.json")
    assert run("agents", "export", "--output", file, "--config", here) == (0, f"{file}: 2 agents.\n")
    code, printed = run("agents", "import", file, "--config", there, "--json")
    assert (code, outcomes(printed)) == (0, {"agent_clerk": "created", "asst_tutor": "created"})
    for agent in (CLERK, TUTOR):
        found = kept(tmp_path / "there", agent.id)
        assert found is not None
        assert (found.agent, found.sharing) == (agent, Sharing("public"))


def test_a_second_import_changes_only_what_differs(run: Run, tmp_path: Path):
    config = fill(tmp_path / "here", CLERK, TUTOR)
    file = tmp_path / "agents.json"
    run("agents", "export", "--output", str(file), "--config", config)
    written = json.loads(file.read_text())
    written["agents"][0]["agent"]["name"] = "Renamed"
    file.write_text(json.dumps(written))
    _, printed = run("agents", "import", str(file), "--config", config, "--json")
    assert outcomes(printed) == {"agent_clerk": "changed", "asst_tutor": "unchanged"}
    found = kept(tmp_path / "here", "agent_clerk")
    assert found is not None
    assert (found.agent.name, found.agent.version) == ("Renamed", 2)


def test_a_projects_agents_are_listed_beside_the_configurations(run: Run, tmp_path: Path):
    config = fill(tmp_path / "here", CLERK, TUTOR)
    _, printed = run("agents", "list", "--project", "default", "--config", config, "--json")
    listed = {agent["id"]: agent["projects"] for agent in json.loads(printed)}
    assert listed == {"agent_demo": None, "agent_clerk": ["default"], "asst_tutor": ["default"]}


def test_one_agent_can_be_exported(run: Run, tmp_path: Path):
    config = fill(tmp_path / "here", CLERK, TUTOR)
    _, printed = run("agents", "export", "asst_tutor", "--config", config)
    assert [agent["id"] for agent in json.loads(printed)["agents"]] == ["asst_tutor"]
    code, printed = run("agents", "export", "agent_none", "--config", config)
    assert (code, "agent_none" in printed) == (1, True)
    code, printed = run("agents", "export", "--project", "nowhere", "--config", config)
    assert (code, "nowhere" in printed) == (1, True)


def change(id: str = "agent_clerk", **fields: Any) -> Callable[[dict[str, Any]], None]:
    def apply(written: dict[str, Any]) -> None:
        written["id"] = id
        written["agent"].update(fields)

    return apply


@pytest.mark.parametrize(
    ("apply", "reason"),
    [
        (change(model="nobody/x"), "model"),
        (change(aliases=["gpt-4o"]), "aliases[0]"),
        (change("agent_demo"), "configuration"),
        (change("clerk"), "id"),
        (change("agent_other"), "another project"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_told_and_leaves_the_others_alone(
    run: Run, tmp_path: Path, apply: Callable[[dict[str, Any]], None], reason: str
):
    here = fill(tmp_path / "here", CLERK, TUTOR)
    file = tmp_path / "agents.json"
    run("agents", "export", "--output", str(file), "--config", here)
    written = json.loads(file.read_text())
    apply(written["agents"][0])
    written["agents"].reverse()
    file.write_text(json.dumps(written))
    there = fill(tmp_path / "there", Agent("agent_other", "demo/demo-1", created_at=NOW), project="other")
    code, printed = run("agents", "import", str(file), "--config", there, "--json")
    tutor, clerk = json.loads(printed)
    assert (code, tutor["outcome"], clerk["outcome"]) == (1, "created", "refused")
    assert reason in clerk["reason"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"agents": [{"id": 1}]}', b"\xff"])
def test_a_file_of_something_else_is_refused(run: Run, tmp_path: Path, content: bytes):
    config = fill(tmp_path / "here")
    file = tmp_path / "agents.json"
    file.write_bytes(content)
    code, printed = run("agents", "import", str(file), "--config", config)
    assert (code, "no file of agents" in printed) == (1, True)


WIKI = McpServer("wiki", "https://wiki.example/mcp", credential="c2VhbGVk")
MATHS = OpenApiTool("maths", DOCUMENT, credential="c2VhbGVk", base="https://forged.example")


def test_credentials_stay_behind_and_the_import_says_whose(run: Run, tmp_path: Path):
    armed = Agent("agent_armed", "demo/demo-1", tools=(CodeInterpreterTool(), WIKI, MATHS), created_at=NOW)
    here, there = fill(tmp_path / "here", armed), fill(tmp_path / "there")
    file = str(tmp_path / "agents.json")
    assert run("agents", "export", "--output", file, "--config", here)[0] == 0
    assert "c2VhbGVk" not in Path(file).read_text()
    code, printed = run("agents", "import", file, "--config", there, "--json")
    assert (code, json.loads(printed)[0]["reason"]) == (
        0,
        "Give these their credentials again: tools[1], tools[2].",
    )


def test_an_import_reads_documents_as_a_request_does(run: Run, tmp_path: Path):
    agent = Agent("agent_armed", "demo/demo-1", tools=(MATHS,), created_at=NOW)
    here, there = fill(tmp_path / "here", agent), fill(tmp_path / "there")
    file = tmp_path / "agents.json"
    assert run("agents", "export", "--output", str(file), "--config", here)[0] == 0
    assert run("agents", "import", str(file), "--config", there)[0] == 0
    found = kept(tmp_path / "there", "agent_armed")
    assert found is not None
    (tool,) = found.agent.tools
    assert isinstance(tool, OpenApiTool)
    assert tool.base == "https://api.mathjs.example"
    assert [operation.tool for operation in tool.offered] == ["evaluate"]
    file.write_text(file.read_text().replace("openapi: 3.1.0", "openapi: 2.0"))
    code, printed = run("agents", "import", str(file), "--config", there)
    assert code == 1
    assert "tools[0].openapi.spec" in printed


def test_credentials_stay_where_they_are_when_an_agent_comes_back(run: Run, tmp_path: Path):
    agent = Agent("agent_armed", "demo/demo-1", tools=(WIKI,), created_at=NOW)
    here, file = fill(tmp_path / "here", agent), tmp_path / "agents.json"
    assert run("agents", "export", "--output", str(file), "--config", here)[0] == 0
    file.write_text(file.read_text().replace("demo/demo-1", "demo/scene"))
    assert outcomes(run("agents", "import", str(file), "--config", here, "--json")[1]) == {
        "agent_armed": "changed"
    }
    found = kept(tmp_path / "here", "agent_armed")
    assert found is not None
    assert found.agent.tools == (WIKI,)

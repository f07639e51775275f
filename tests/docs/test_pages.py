"""Every block of the README and of docs/ is run, loaded or says why not; every link leads somewhere."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import aiohttp
import pytest

from service.settings.catalog import check_file
from tests.support.documents import (
    LOADED,
    ROOT,
    RUN,
    Block,
    blocks_of,
    differences,
    has_shape,
    load_text,
    pages,
)
from tests.support.reader import Reader

BLOCKS = [block for page in pages() for block in blocks_of(page)]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _of(*languages: str) -> list:
    return [
        pytest.param(block, id=block.place)
        for block in BLOCKS
        if block.language in languages and not block.not_run
    ]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.place) for block in BLOCKS])
def test_a_block_is_run_or_says_why_not(block: Block) -> None:
    checked = block.language in (*RUN, *LOADED)
    assert checked or block.not_run, (
        f"{block.place}: a block of kind {block.language!r} that follows no program is not checked; "
        "put <!-- not run: why --> above it"
    )


@pytest.mark.parametrize("block", _of("sh"))
def test_a_shell_block_does_what_it_says(reader: Reader, block: Block) -> None:
    _check(reader, block, "bash", "-euo", "pipefail", "-c", reader.fill_in(block.text))


@pytest.mark.parametrize("block", _of("python"))
def test_a_python_block_does_what_it_says(reader: Reader, block: Block) -> None:
    _check(reader, block, sys.executable, "-c", reader.fill_in(block.text))


@pytest.mark.parametrize("block", _of("javascript"))
def test_a_javascript_block_does_what_it_says(reader: Reader, block: Block, node_modules: Path) -> None:
    file = reader.folder(block.page) / "example.mjs"
    file.write_text(reader.fill_in(block.text))
    modules = file.with_name("node_modules")
    if not modules.exists():
        modules.symlink_to(node_modules)
    _check(reader, block, "node", str(file))


@pytest.mark.parametrize("block", _of("toml"))
def test_a_toml_block_is_a_configuration(tmp_path: Path, block: Block) -> None:
    assert load_text(block.text, tmp_path).agents


@pytest.mark.parametrize("block", _of("markdown"))
def test_a_markdown_block_is_an_agent_file(tmp_path: Path, block: Block) -> None:
    settings = load_text((ROOT / "examples" / "ollama.toml").read_text(), tmp_path)
    file = tmp_path / "example.md"
    file.write_text(block.text)
    agent, problems = check_file(file, settings)
    assert problems == ()
    assert agent is not None
    assert agent.instructions


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()])
def test_every_link_within_the_repository_leads_to_a_file(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text()) if not link.startswith(("http", "#"))]
    missing = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert not missing


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def _check(reader: Reader, block: Block, *command: str) -> None:
    done = reader.run(*command, page=block.page)
    assert done.returncode == 0, f"{block.place} ended with {done.returncode}:\n{done.stderr}{done.stdout}"
    if block.output is None:
        return
    if block.output_language == "json":
        assert not differences(json.loads(done.stdout), json.loads(block.output)), done.stdout
    else:
        assert has_shape(done.stdout, reader.fill_in(block.output)), done.stdout


@pytest.mark.anyio
async def test_the_readme_tells_the_true_cost_of_its_first_request(reader: Reader) -> None:
    rows = re.findall(r"^\| (before|after) \|(.+)\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {name: [cell.strip(" `") for cell in cells.split("|")] for name, cells in rows}
    headers = {"Authorization": f"Bearer {reader.spare_key()[1]}"}

    async with aiohttp.ClientSession(reader.base_url, headers=headers) as client:

        async def balance() -> list[str]:
            async with client.get("/v1/key") as answer:
                key = await answer.json()
            return [key[name] for name in ("granted", "settled", "held", "available")]

        before = await balance()
        body = {"model": "agent_demo", "messages": [{"role": "user", "content": "Hello!"}]}
        async with client.post("/v1/chat/completions", json=body) as answer:
            assert answer.status == 200
        assert {"before": before, "after": await balance()} == documented

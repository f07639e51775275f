"""Where the database and the files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load
from service.settings.store import read_url, shown
from specs.secret import Secret

ADDRESS = "postgresql://dragoman:hush@db.internal:5433/books?sslmode=require"


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    file = folder / "dragoman.toml"
    file.write_text(text)
    return load(file, environ)


def test_an_address_of_postgresql_is_a_secret(tmp_path: Path):
    settings = loaded(tmp_path, f"[store]\nurl = '{ADDRESS}'")
    assert settings.database == Secret(ADDRESS)
    assert "hush" not in repr(settings)
    assert settings.database_name == "postgresql://db.internal:5433/books"


def test_an_address_may_be_in_the_environment_or_a_file(tmp_path: Path):
    (tmp_path / "address").write_text(f"{ADDRESS}\n")
    from_environment = loaded(tmp_path, "[store]\nurl = 'env:DATABASE_URL'", DATABASE_URL=ADDRESS)
    from_file = loaded(tmp_path, "[store]\nurl = 'file:address'")
    assert from_environment.database == from_file.database == Secret(ADDRESS)


def test_what_is_no_address_is_told_without_repeating_it(tmp_path: Path):
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, "[store]\nurl = 'env:DATABASE_URL'", DATABASE_URL="mysql://root:hush@db/books")
    assert "store.url: must be sqlite:///path" in refused.value.problems[0]
    assert "hush" not in refused.value.problems[0]


def test_a_missing_variable_is_told(tmp_path: Path):
    with pytest.raises(SettingsError, match="the environment variable DATABASE_URL is not set"):
        loaded(tmp_path, "[store]\nurl = 'env:DATABASE_URL'")


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", "data/files"),
        ("[store]\nurl = 'sqlite:///books/x.db'", "books/files"),
        (f"[store]\nurl = '{ADDRESS}'", "data/files"),
        ("[files]\npath = 'elsewhere'", "elsewhere"),
        ("[files]\npath = '/srv/files'", "/srv/files"),
    ],
)
def test_files_lie_beside_the_data_or_where_they_are_wanted(tmp_path: Path, text: str, folder: str):
    assert loaded(tmp_path, text).files_folder == tmp_path / folder


def test_an_address_is_shown_without_who_connects_and_how():
    assert shown(Secret("postgres://u:p@/books?host=/run/x")) == "postgresql:///books"
    assert read_url("sqlite:////srv/x.db", Path("/etc"), {}) == Path("/srv/x.db")

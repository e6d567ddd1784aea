from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from esign_core.model.address import IN_MEMORY, file_of, is_in_memory, rooted

FOLDER = Path("/srv/product")
FILES = {
    "sqlite:///esign.db": "/srv/product/esign.db",
    "sqlite:///data/esign.db": "/srv/product/data/esign.db",
    "sqlite:////var/esign.db": "/var/esign.db",
    "sqlite:///esign.db?timeout=3": "/srv/product/esign.db",
    "sqlite+pysqlite:///esign.db": "/srv/product/esign.db",
    "sqlite:///100%25%3F.db": "/srv/product/100%?.db",
}
MEMORY = ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite://", "sqlite://?a=b"]
OTHERS = ["postgresql://me:secret@host/sqlite:///a", "esign.db", "sqlite:", "sqlite://esign.db"]


@pytest.mark.parametrize(("url", "file"), FILES.items())
def test_file_is_taken_from_the_folder(url: str, file: str) -> None:
    """Where it says so itself, from there; and the rest of the address stays."""
    assert not is_in_memory(url)
    there = rooted(url, FOLDER)
    assert file_of(there) == Path(file)
    assert rooted(there, Path("/elsewhere")) == there
    assert there.partition("?")[2] == url.partition("?")[2]


@pytest.mark.parametrize("folder", ["/srv/a%20b", "/srv/what?", "/srv/two words", "/srv/bær"])
def test_folder_may_have_any_name(folder: str) -> None:
    """It is a folder's name, and no part of an address yet."""
    there = rooted("sqlite:///esign.db?timeout=3", Path(folder))
    assert file_of(there) == Path(folder) / "esign.db"
    assert make_url(there).query == {"timeout": "3"}


@pytest.mark.parametrize("url", MEMORY)
def test_memory_has_no_file(url: str) -> None:
    """However it is written, it ends with its process."""
    assert is_in_memory(url)
    assert file_of(url) is None
    assert rooted(url, FOLDER) == url


@pytest.mark.parametrize("url", OTHERS)
def test_what_is_no_file_stays_as_it_is(url: str) -> None:
    """A server, or what is no address: whoever opens it tells."""
    assert not is_in_memory(url)
    assert file_of(url) is None
    assert rooted(url, FOLDER) == url


@pytest.mark.parametrize("url", [*FILES, *MEMORY])
def test_address_is_read_as_it_is_opened(url: str) -> None:
    """SQLAlchemy, which opens it, finds the same in it."""
    database = make_url(url).database or ""
    assert is_in_memory(url) == (database in IN_MEMORY)
    assert file_of(url) == (Path(database) if database not in IN_MEMORY else None)

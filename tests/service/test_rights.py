"""Who else on the machine can read the journal: names and addresses of signers are in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from esign_core.service import Esign
from esign_core.service.doctor import examine
from esign_core.service.findings import Finding, Severity

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights are another thing there")


@pytest.fixture(autouse=True)
def _generous() -> Iterator[None]:
    """A process that lets everybody read what it makes."""
    before = os.umask(0)
    yield
    _ = os.umask(before)


def _rights(file: Path) -> str:
    return f"{stat.S_IMODE(file.stat().st_mode):o}"


def test_a_new_journal_is_for_its_user_alone(tmp_path: Path) -> None:
    """The file and those that SQLite puts beside it, whatever the umask."""
    with Esign({}, journal=f"sqlite:///{tmp_path}/esign.db") as esign:
        _ = esign.condition()
        beside = {file.name: _rights(file) for file in tmp_path.iterdir()}
    assert beside.keys() >= {"esign.db", "esign.db-wal", "esign.db-shm"}
    assert set(beside.values()) == {"600"}


def test_a_journal_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    """Somebody may have given it to a group, who need the files beside it as well."""
    file = tmp_path / "esign.db"
    file.touch(0o660)
    _ = os.umask(0o077)
    with Esign({}, journal=f"sqlite:///{file}") as esign:
        _ = esign.condition()
        beside = {each.name: _rights(each) for each in tmp_path.iterdir()}
    assert beside.keys() >= {"esign.db", "esign.db-turns", "esign.db-wal"}
    assert set(beside.values()) == {"660"}


def test_a_journal_in_memory_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither here nor anywhere."""
    monkeypatch.chdir(tmp_path)
    with Esign({}, journal="sqlite://") as esign:
        _ = esign.condition()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rights", "told"), [(0o644, ["rights"]), (0o666, ["rights"]), (0o640, []), (0o600, [])]
)
def test_a_journal_that_others_can_read_is_told(
    rights: int, told: list[str], tmp_path: Path
) -> None:
    """With its rights, and what to do; a group is let in on purpose."""
    config = tmp_path / "esign.toml"
    _ = config.write_text('journal = "sqlite:///esign.db"\n', encoding="utf-8")
    with Esign.from_config(config) as esign:
        _ = esign.condition()
    (tmp_path / "esign.db").chmod(rights)
    found = [each for each in examine(config) if each.check == "rights"]
    assert [each.check for each in found] == told
    for each in found:
        _expect_remedy(each, f"({rights:o})", tmp_path / "esign.db")


def _expect_remedy(finding: Finding, rights: str, file: Path) -> None:
    assert finding.severity is Severity.WARNING
    assert rights in finding.message
    assert f'chmod 600 "{file}"' in finding.remedy


@pytest.mark.parametrize(
    ("written", "name"), [("a%25b.db", "a%b.db"), ("a%3Fb.db", "a?b.db"), ("a b.db", "a b.db")]
)
def test_a_path_is_written_as_in_an_address(written: str, name: str, tmp_path: Path) -> None:
    """`%` and `?` have a meaning in addresses, and are written with a percent sign."""
    with Esign({}, journal=f"sqlite:///{tmp_path}/{written}") as esign:
        _ = esign.condition()
        assert esign.list() == ()
    assert (tmp_path / name).is_file()

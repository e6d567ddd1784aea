"""`esign keys`, and what `esign doctor` says of keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.errors import Outcome
from esign_core.journal import Intent, Journal, Transaction, Vault
from esign_core.journal.vault import new_key
from esign_core.model import Envelope, Job
from esign_core.service.doctor import examine
from esign_core.service.findings import Finding, Severity

Run = Callable[..., Any]
Fill = Callable[..., None]
OLD, NEW, LOST = (new_key() for _ in range(3))
HANDLE = "canary-handle"


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Path]:
    """A configuration without connections, with a journal and these keys."""

    def make(*keys: str) -> Path:
        file = tmp_path / "esign.toml"
        listed = ", ".join(f'"{key}"' for key in keys)
        _ = file.write_text(f"encryption_keys = [{listed}]\n", encoding="utf-8")
        return file

    return make


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Envelopes that a vendor is still making and tokens, written by a process with these keys."""

    def make(keys: Sequence[str], jobs: str, tokens: Sequence[str] = ()) -> None:
        vault = Vault([SecretStr(key) for key in keys])
        journal = Journal(f"sqlite:///{tmp_path / 'esign.db'}", vault)
        for name in jobs:
            journal.write(partial(_add, name))
        for name in tokens:
            journal.aside(partial(_put, name))
        journal.close()

    return make


def _add(name: str, tx: Transaction) -> None:
    now = datetime.now(UTC)
    envelope = Envelope(
        id=f"env_{name}",
        connection="acme",
        provider="fake",
        title="Lease 14",
        seats=(),
        outcome=Outcome.DONE,
        key=name,
        created_at=now,
    )
    tx.envelopes.add_intent(Intent(envelope, "print", {}))
    tx.envelopes.set_job(envelope.id, Job({"job": HANDLE}))


def _put(name: str, tx: Transaction) -> None:
    tx.secrets.put(name, b"canary-token", datetime.now(UTC))


def findings(config: Path) -> list[Finding]:
    """What is found of secrets."""
    return [each for each in examine(config) if each.check == "secrets"]


# new


def test_a_new_key_is_all_that_is_printed(esign: Run) -> None:
    """So a shell can put it into a variable; each is another one."""
    first, second = (esign("keys", "new") for _ in range(2))
    assert first.code == second.code == 0
    assert first.out != second.out
    assert Vault([SecretStr(first.out.strip())]).has_key
    assert esign("keys", "new", "--json").json.keys() == {"key"}


def test_a_new_key_forgets_nothing(esign: Run) -> None:
    """What belongs to the other action is refused, not ignored."""
    refused = esign("keys", "new", "--forget-locked")
    assert (refused.code, refused.out) == (2, "")
    assert "--forget-locked goes with rotate" in refused.err


# rotate


def test_rotation_tells_what_it_did(esign: Run, told: Run, fill: Fill, tmp_path: Path) -> None:
    """What was in clear, what was under another key; a second time nothing is left to do."""
    fill([], "ab")
    fill([OLD], "cde", ["token/acme"])
    done = esign("keys", "rotate", "--config", told(NEW, OLD))
    assert done.code == 0
    assert done.lines == [
        "were under another key\t4",
        "were in clear\t2",
        "The first key opens everything. The others can be taken out.",
    ]
    again = esign("keys", "rotate", "--config", told(NEW), "--json")
    assert again.json == {
        "ok": True,
        "current": 6,
        "older": 0,
        "clear": 0,
        "locked": 0,
        "forgotten": 0,
        "fingerprints": 0,
    }
    assert HANDLE.encode() not in (tmp_path / "esign.db").read_bytes()


def test_rotation_says_what_to_do_with_what_no_key_opens(esign: Run, told: Run, fill: Fill) -> None:
    """It fails until the key is there; what is lost for good can be forgotten if it is a token."""
    fill([LOST], "ab", ["token/acme"])
    refused = esign("keys", "rotate", "--config", told(NEW))
    assert refused.code == 1
    assert refused.lines[0] == "no key opens\t3"
    assert "Give the key" in refused.lines[1]
    assert "esign resolve ENVELOPE --adopt REMOTE" in refused.lines[1]
    forgotten = esign("keys", "rotate", "--forget-locked", "--config", told(NEW), "--json")
    assert forgotten.code == 1
    assert (forgotten.json["forgotten"], forgotten.json["locked"]) == (1, 2)
    assert esign("keys", "rotate", "--config", told(NEW, LOST)).code == 0


def test_rotation_without_a_key_says_how_to_make_one(esign: Run, told: Run) -> None:
    """Nothing was changed."""
    refused = esign("keys", "rotate", "--config", told())
    assert refused.code == 1
    assert re.match(r"SecretsLocked: there is no key.*Nothing was changed", refused.err)
    assert "`esign keys new`" in refused.err


# doctor


@pytest.mark.parametrize(
    ("written", "known", "severity", "said"),
    [
        ([], [], Severity.WARNING, "job handles in clear: 2.*set encryption_keys"),
        ([], [NEW], Severity.WARNING, "job handles in clear: 2.*run `esign keys rotate`"),
        ([OLD], [NEW, OLD], Severity.WARNING, "under an older key: 2.*before you take that key"),
        ([LOST], [NEW], Severity.ERROR, "2 sealed, the first of them job/env_a.*behind the first"),
        ([LOST], [], Severity.ERROR, "2 sealed, the first of them job/env_a.*behind the first"),
        ([NEW], [NEW], Severity.OK, "sealed under the first key: 2"),
    ],
    ids=["in clear", "in clear beside a key", "older", "locked", "no key", "current"],
)
def test_the_doctor_tells_how_handles_are_kept(
    request: pytest.FixtureRequest,
    written: list[str],
    known: list[str],
    severity: Severity,
    said: str,
) -> None:
    """In clear, under a key that is to go, or under one that is not there; and what to do."""
    request.getfixturevalue("fill")(written, "ab")
    (found,) = findings(request.getfixturevalue("told")(*known))
    assert found.severity is severity
    assert re.search(said, f"{found.message} {found.remedy}")
    for secret in (HANDLE, *written, *known):
        assert secret not in f"{found}"


def test_the_doctor_finds_nothing_where_nothing_is_kept(told: Run, fill: Fill) -> None:
    """With a key and without."""
    fill([], "a")
    journal = Journal(f"sqlite:///{told().with_name('esign.db')}")
    journal.write(lambda tx: tx.envelopes.set_job("env_a", None))
    journal.close()
    assert [each.message for each in findings(told())] == ["keeps none"]
    assert [each.message for each in findings(told(NEW))] == ["sealed under the first key: 0"]

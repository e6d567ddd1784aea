"""Keys of the journal's secrets in configuration and code: read, told when wrong, never shown."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core import AsyncEsign, Esign, Misconfigured
from esign_core.journal.vault import new_key
from esign_core.provider import Registry
from esign_core.service.config import Config, read_config

FIRST, SECOND = "Q" * 43 + "=", "R" * 43 + "="
ENVIRONMENT = {"FIRST": FIRST, "SECOND": SECOND, "WRONG": "canary-of-a-key", "EMPTY": " "}


def written(folder: Path, line: str) -> Path:
    """A configuration with a line about keys, which is its third."""
    path = folder / "esign.toml"
    path.write_text(f'\njournal = "sqlite:///esign.db"\n{line}\n', encoding="utf-8")
    return path


def test_keys_come_from_the_environment(tmp_path: Path, registry: Registry) -> None:
    """In their order; without any, there is none."""
    path = written(tmp_path, 'encryption_keys = ["${FIRST}", "${SECOND}"]')
    config = read_config(path, ENVIRONMENT, registry=registry)
    assert [key.get_secret_value() for key in config.encryption_keys] == [FIRST, SECOND]
    empty = read_config(written(tmp_path, ""), ENVIRONMENT, registry=registry)
    assert empty.encryption_keys == ()


@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('encryption_keys = ["${WRONG}"]', "encryption_keys[0]: is no key; `esign keys new`"),
        ('encryption_keys = ["${FIRST}", "${WRONG}"]', "encryption_keys[1]: is no key"),
        ('encryption_keys = ["${FIRST}", "${FIRST}"]', "encryption_keys[1]: is there twice"),
        ('encryption_keys = "${FIRST}"', "encryption_keys: must be a list of keys"),
        ("encryption_keys = [1]", "encryption_keys: must be a list of keys"),
        ('encryption_keys = ["${FIRST}", "${UNSET}"]', "variable UNSET is not set"),
        ('encryption_keys = ["${EMPTY}"]', "variable EMPTY is set but empty"),
        ('encryption_key = "${FIRST}"', 'Did you mean "encryption_keys"?'),
    ],
)
def test_what_is_wrong_with_keys_is_told_with_its_line(
    tmp_path: Path, registry: Registry, line: str, told: str
) -> None:
    """Once, and without a word of the key."""
    with pytest.raises(Misconfigured) as caught:
        read_config(written(tmp_path, line), ENVIRONMENT, registry=registry)
    (problem,) = caught.value.problems
    assert problem.line == 3
    assert told in str(caught.value)
    for secret in (FIRST, "canary"):
        assert secret not in f"{caught.value!r} {caught.value} {caught.value.problems}"
        assert secret.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize("kind", [Esign, AsyncEsign])
@pytest.mark.parametrize("wrap", [str, SecretStr])
def test_keys_can_be_given_in_code(kind: Any, wrap: Any) -> None:
    """As text or as what hides text; a single one is refused, for it would be one key a letter."""
    opened = kind({}, journal="sqlite://", encryption_keys=[wrap(FIRST), wrap(SECOND)])
    assert opened._workspace.journal.vault.has_key
    with pytest.raises(Misconfigured, match="must be a list of keys") as caught:
        kind({}, journal="sqlite://", encryption_keys=wrap(FIRST))
    assert FIRST not in str(caught.value)
    with pytest.raises(Misconfigured, match=r"encryption_keys\[0\]: is no key"):
        kind({}, journal="sqlite://", encryption_keys=["canary"])


@pytest.mark.promise("D1")
def test_keys_are_shown_nowhere() -> None:
    """Not by what was opened with them, nor by a pickle of it."""
    key = new_key()
    config = Config({}, "sqlite://", encryption_keys=(SecretStr(key),))
    with Esign({}, journal="sqlite://", encryption_keys=[key]) as esign:
        shown = [esign, esign._workspace, esign._workspace.journal, config]
        assert key not in " ".join(f"{each} {each!r}" for each in shown)
        for each in shown:
            with pytest.raises(TypeError):
                pickle.dumps(each)


def test_tokens_are_shared_only_where_there_is_a_key() -> None:
    """Without one they stay in the memory of their process, and nothing has to be done for it."""
    settings = dict.fromkeys(("client_id", "client_secret", "api_key", "api_secret"), "x" * 8)
    connections = {"penneo-dk": {"provider": "penneo", **settings}}
    with Esign(connections, journal="sqlite://") as esign:
        assert esign._workspace.session("penneo-dk").token_store is None
    with Esign(connections, journal="sqlite://", encryption_keys=[FIRST]) as esign:
        assert esign._workspace.session("penneo-dk").token_store is not None


@pytest.mark.promise("D1")
def test_the_password_of_a_journal_is_shown_nowhere() -> None:
    """It is in the journal's address, if the journal is a server."""
    address = "postgresql://esign:canary@db.example/esign"
    with Esign({}, journal=address) as esign:
        shown = [esign, esign._workspace, esign._workspace.journal, Config({}, address)]
        assert "canary" not in " ".join(f"{each} {each!r}" for each in shown)

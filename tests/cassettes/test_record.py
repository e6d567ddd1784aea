"""The recorder: the same files again from a simulator, and nothing of an account from a vendor."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from esign_core import Connection, Signer
from esign_core.sandbox import Simulator
from esign_core.testing import Origin, Recording
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox
from tests.cassettes.live import NEEDED, variable
from tests.cassettes.record import FOLDER, SCENES, main, record
from tests.cassettes.scenes import leased
from tests.cassettes.studio import Simulated


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The cassettes, to be recorded over."""
    return Path(shutil.copytree(FOLDER, tmp_path / "cassettes"))


@pytest.mark.slow
@pytest.mark.parametrize("whose", sorted(SCENES))
def test_recording_again_changes_nothing(whose: str, copy: Path) -> None:
    """What is on file is what adapter and simulator say today.

    After a change of either that is meant: `make record PROVIDER=...`, and read the difference.
    """
    told: list[str] = []
    record(whose, copy, tell=told.append)
    assert len(told) == len(SCENES[whose])
    assert [line for line in told if not line.endswith(": unchanged")] == []
    page = f"{whose}/README.md"
    assert (copy / page).read_text("utf-8") == (FOLDER / page).read_text("utf-8")


@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("whose", "name"),
    [
        ("penneo", "grant"),
        ("penneo", "signing_links"),
        ("penneo", "poll_pending"),
        ("penneo", "webhooks_confirm"),
        ("penvio", "send_draft"),
        ("penvio", "download"),
    ],
)
def test_secrets_of_the_account_are_not_in_the_file(whose: str, name: str, tmp_path: Path) -> None:
    """Credentials, tokens and links, each looked for by its value."""
    scene = next(each for each in SCENES[whose] if each.name == name)
    record(whose, tmp_path, only=[name], tell=str)
    written = (tmp_path / whose / f"{name}.yaml").read_text("utf-8")
    with Simulated(whose, scene) as studio:  # the same seed, and so the same secrets
        session = studio.opened({})
        scene.prepare(studio)
        secrets = studio.secrets(session)
        secrets += [link.rpartition("/")[2] for link in studio.links]
    assert len(secrets) >= (1 if whose == "penvio" else 4)
    for secret in secrets:
        assert secret not in written


def test_refusal_without_credentials_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    """`LIVE=1` without credentials records nothing and says which variables it needs."""
    for name in NEEDED["penneo"]:
        monkeypatch.delenv(variable("penneo", name), raising=False)
    monkeypatch.setenv("ESIGN_RECORD_PENNEO_CLIENT_ID", "set")
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    with pytest.raises(SystemExit) as stopped:
        main(["penneo", "--live", "--folder", str(copy)])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "ESIGN_RECORD_PENNEO_CLIENT_SECRET" in said
    assert "ESIGN_RECORD_PENNEO_API_KEY" in said
    assert "PENNEO_CLIENT_ID" not in said
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == before


def test_recorder_is_a_command() -> None:
    """What `make record` calls is there, and knows both providers."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.cassettes.record", "--help"],
        cwd=FOLDER.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "{penneo,penvio}" in told.stdout
    assert "tests.cassettes.record $(PROVIDER)" in (FOLDER.parent / "Makefile").read_text("utf-8")


@pytest.fixture
def penneo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Somewhere else than this house's own recordings: another seed, and real time."""
    with PenneoSandbox(scale=0.01) as vendor:
        told = vendor.announce()
        told["oauth_url"] = told["oauth_url"].replace("127.0.0.1", "localhost")
        for name in (*NEEDED["penneo"], "base_url", "oauth_url"):
            monkeypatch.setenv(variable("penneo", name), told[name])
        yield vendor


@pytest.fixture
def penvio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """The same of the other vendor, with an envelope of somebody else's in it."""
    with PenvioSandbox(scale=0.01) as vendor:
        told = vendor.announce()
        roles = {"tenant_role": "Tenant", "landlord_role": "Landlord"}
        for name, value in {**told, **roles}.items():
            monkeypatch.setenv(variable("penvio", name), value)
        yield vendor


def test_live_recording_of_penneo_keeps_nothing_of_the_account(
    penneo: PenneoSandbox, copy: Path
) -> None:
    """Of what is recorded with real credentials nothing is in the files, but its day."""
    names = ["grant", "send_json", "poll_pending", "signing_links", "webhooks_subscribe"]
    told: list[str] = []
    record("penneo", copy, is_live=True, only=[*names, "fetch_completed", "poll"], tell=told.append)
    assert {line.rpartition(": ")[2] for line in told if "left as it is" not in line} == {
        "recorded",
        "unchanged",  # the published one
    }
    assert sum("only a simulator" in line for line in told) == 1
    account = penneo.announce()
    assert len(account["client_secret"]) > 16
    for name in names:
        text = (copy / "penneo" / f"{name}.yaml").read_text("utf-8")
        head = Recording.read(copy / "penneo" / f"{name}.yaml").provenance
        assert head.origin is Origin.LIVE
        assert head.day == head.clock.date() == datetime.now(UTC).date()
        for secret in ("client_id", "client_secret", "api_key", "api_secret"):
            assert account[secret] not in text
        for entry in penneo.simulation.ledger():
            assert not entry.link or entry.link.rpartition("/")[2] not in text
    expect_called_off(penneo, 4)  # one of them had to be made to learn that nobody will sign it


def expect_called_off(vendor: Simulator, count: int) -> None:
    """Whoever was asked to sign in these recordings no longer is."""
    done = [(entry.what, entry.envelope) for entry in vendor.simulation.ledger()]
    asked = {envelope for what, envelope in done if what == "asked"}
    assert len(asked) == count
    assert {envelope for what, envelope in done if what == "cancelled"} == asked


def test_live_recording_of_penvio_keeps_nothing_of_others(
    penvio: PenvioSandbox, copy: Path
) -> None:
    """Names and words of envelopes that are not the recording's own are not in its lists."""
    with Connection("penvio", **penvio.connect()) as connection:
        others = leased(
            title="Secret merger",
            signers=(Signer(name="Ann Other", email="ann@other.example", role="tenant"),),
            metadata={"deal": "Project X"},
        )
        connection.send(others)
    record("penvio", copy, is_live=True, only=["send_draft", "list_envelopes"], tell=str)
    text = (copy / "penvio" / "list_envelopes.yaml").read_text("utf-8")
    for word in ("Secret merger", "Ann Other", "ann@other", "Project X", penvio.api_key):
        assert word not in text
    assert '"subject": "Lease 14"' in text
    assert '"subject": "<text>"' in text
    head = Recording.read(copy / "penvio" / "send_draft.yaml").provenance
    assert head.given["template_id"] == penvio.template_id

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import Outcome
from esign_core.journal import Intent, Journal, Transaction, WorkKind
from esign_core.model import Envelope
from esign_core.provider import utc_now
from esign_core.sandbox import Simulator
from esign_core.service.doctor import examine
from esign_core.service.findings import Finding, Severity

Run = Callable[..., Any]
LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def journal(config: Path) -> Journal:
    """The journal of the configuration, opened beside whoever is examined."""
    return Journal(f"sqlite:///{config.with_name('esign.db')}")


@pytest.fixture
def bare(tmp_path: Path) -> Callable[[str], Path]:
    """A configuration without connections, so that nobody is asked; with a journal."""

    def make(journal: str) -> Path:
        file = tmp_path / "bare.toml"
        _ = file.write_text(f'journal = "{journal}"\n', encoding="utf-8")
        return file

    return make


def _plan(
    journal: Journal,
    subject: str,
    due_at: datetime,
    *,
    connection: str = "penvio",
    kind: WorkKind = WorkKind.REFRESH,
) -> None:
    """Something to do."""
    journal.write(lambda tx: tx.work.plan(kind, subject, connection=connection, due_at=due_at))


def _changed(config: Path, *changes: tuple[str, str]) -> Path:
    """The same configuration with other values: what a setting's line begins with, and the line."""
    lines = config.read_text(encoding="utf-8").splitlines()
    for beginning, line in changes:
        at = [i for i, each in enumerate(lines) if each.startswith(beginning)]
        assert at, beginning
        for i in at:
            lines[i] = line
    other = config.with_name("other.toml")
    _ = other.write_text("\n".join(lines), encoding="utf-8")
    return other


def _wrong(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """What is not as it should be but for this machine's SQLite; each says what to do."""
    found = [each for each in findings if each.severity is not Severity.OK]
    assert all(each.remedy for each in found)
    return [(each.check, each.subject) for each in found if each.check != "sqlite"]


def test_all_that_is_well_is_told_too(esign: Run, config: Path) -> None:
    """Exit code 0; every connection was really asked, and its clock compared."""
    answer = esign("doctor", "--config", config, "--json")
    assert answer.code == 0
    assert answer.json["ok"]
    found = {(each["check"], each["subject"]) for each in answer.json["findings"]}
    assert found >= {(c, s) for c in ("reach", "clock") for s in ("penneo", "penvio")}
    assert {each["severity"] for each in answer.json["findings"]} <= {"ok", "warning"}
    assert not config.with_name("esign.db").exists(), "it made a journal that nobody asked for"


def test_people_get_a_line_for_each_and_a_sum(esign: Run, config: Path) -> None:
    """The last line says whether anything is wrong."""
    lines = esign("doctor", "--config", config).lines
    assert "ok\tpenvio\tanswers, and takes the credentials\t" in lines
    assert lines[-1].startswith("0 wrong, warnings: ")


@pytest.mark.parametrize(
    ("setting", "who"), [('api_key = "pk', "penvio"), ("client_secret", "penneo")]
)
def test_refused_credentials_are_told(setting: str, who: str, esign: Run, config: Path) -> None:
    """Exit code 1, for that connection alone; and no secret is printed."""
    name = setting.partition(" ")[0]
    other = _changed(config, (setting, f'{name} = "canary-of-somebody-else"'))
    answer = esign("doctor", "--config", other, "--json")
    assert answer.code == 1
    (wrong,) = [each for each in answer.json["findings"] if each["severity"] == "error"]
    assert (wrong["check"], wrong["subject"]) == ("reach", who)
    assert wrong["message"].startswith("refuses the credentials: 401")
    assert "canary" not in answer.out + answer.err


def test_no_output_has_a_secret(esign: Run, config: Path, simulators: dict[str, Simulator]) -> None:
    """What is printed can be pasted into a ticket."""
    settings = {k: v for each in simulators.values() for k, v in each.connect().items()}
    secrets = [settings[name] for name in ("client_secret", "api_key", "api_secret")]
    secrets += settings["webhook_secrets"]
    for how in ([], ["--json"]):
        answer = esign("doctor", "--config", config, *how)
        assert not any(secret in answer.out + answer.err for secret in secrets)


def test_a_vendor_that_is_down_is_told(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other connections are asked all the same."""
    monkeypatch.setattr("esign_core.engine.attempts.pause", lambda *_: None)
    other = _changed(config, ("base_url", 'base_url = "http://127.0.0.1:9"'))
    assert _wrong(examine(other)) == [("reach", "penneo"), ("reach", "penvio")]


def test_everything_wrong_in_the_file_is_told_at_once(
    esign: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Misspelt settings and unset variables, each by its line, of every connection."""
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    other = _changed(
        config, ("client_id", 'clinet_id = "x"'), ("api_key", 'api_key = "${NO_SUCH_KEY}"')
    )
    answer = esign("doctor", "--config", other, "--json")
    assert answer.code == 1
    told = "\n".join(each["message"] for each in answer.json["findings"])
    assert 'connections.penneo.clinet_id: is not known here. Did you mean "client_id"?' in told
    for name in ("penneo", "penvio"):
        assert f"{name}.api_key: the environment variable NO_SUCH_KEY is not set" in told
    assert all("line " in each["message"] for each in answer.json["findings"])


@pytest.mark.parametrize(
    ("text", "told"), [(None, "cannot be read"), ("journal = [", "is not TOML")]
)
def test_a_configuration_that_cannot_be_read_is_told(
    text: str | None, told: str, tmp_path: Path
) -> None:
    """The first thing that goes wrong for everybody."""
    file = tmp_path / "none.toml"
    if text is not None:
        _ = file.write_text(text)
    findings = examine(file)
    assert _wrong(findings) == [("settings", str(file))]
    assert told in findings[0].message


def test_a_template_whose_pdf_is_gone_is_told(config: Path) -> None:
    """Before somebody sends a lease, and not when."""
    other = _changed(
        config, ("templates = { lease = { doc", 'templates = { lease = { document = "gone.pdf" } }')
    )
    findings = examine(other)
    assert _wrong(findings) == [("settings", "penneo")]
    (wrong,) = [each for each in findings if each.check == "settings" and each.remedy]
    assert 'template "lease": ' in wrong.message
    assert "gone.pdf" in wrong.message


def test_a_connection_whose_plugin_is_broken_is_told(
    config: Path, install: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin and the connection that needs it; the others are asked."""
    monkeypatch.syspath_prepend(install("raise RuntimeError('half an update')\n"))
    more = '\n[connections.acme-eu]\nprovider = "acme"\n'
    _ = config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    findings = examine(config)
    assert _wrong(findings) == [("plugin", "acme"), ("settings", "acme-eu")]
    assert findings[0].message == "esign-acme cannot be used: RuntimeError: half an update"
    assert ("reach", "penvio") in {(each.check, each.subject) for each in findings}


def test_a_wrong_clock_is_told(config: Path) -> None:
    """An hour is noticed at every vendor, from the time that they tell themselves."""
    findings = examine(config, clock=lambda: utc_now() + timedelta(hours=1))
    clocks = [each for each in findings if each.check == "clock"]
    assert [each.subject for each in clocks] == ["penneo", "penvio"]
    assert all(each.severity is Severity.WARNING for each in clocks)
    assert all("s behind this machine's" in each.message for each in clocks)


def test_a_missing_package_is_told(config: Path) -> None:
    """A bucket in the settings needs what reads buckets."""
    program = (
        "import sys; sys.modules['obstore'] = None\n"
        "from esign_core.cli import main\n"
        f"sys.exit(main(['doctor', '--config', {str(config)!r}]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    (row,) = [line for line in ran.stdout.splitlines() if line.startswith("error")]
    assert row.split("\t")[1:] == [
        "penvio",
        "bucket_url is a bucket, and the package that reads buckets is not installed",
        'install esign-core with its extra "s3"; in a checkout: pip install ".[s3]"',
    ]


def test_work_that_nobody_does_is_told(config: Path, journal: Journal) -> None:
    """How much, since when, and what to run; work that is due just now is not meant."""
    for i, due_at in enumerate([LONG_AGO, LONG_AGO + timedelta(days=1), utc_now()]):
        _plan(journal, f"env_{i}", due_at)
    findings = examine(config)
    assert _wrong(findings) == [("work", "worker")]
    (wrong,) = [each for each in findings if each.check == "work"]
    assert wrong.severity is Severity.ERROR
    assert wrong.message == (
        "2 refresh left undone, the first since 2026-03-01 00:00:00 UTC: nobody works"
    )
    assert "`esign worker`" in wrong.remedy


def test_work_for_a_connection_that_is_gone_is_told(config: Path, journal: Journal) -> None:
    """Who renames a connection learns what it leaves behind."""
    _plan(journal, "env_1", utc_now(), connection="penvio-old")
    assert _wrong(examine(config)) == [("work", "penvio-old")]


def test_work_that_fails_again_and_again_is_told(config: Path, journal: Journal) -> None:
    """By the kind of its error: what a vendor says may name people."""
    due_at = utc_now()
    _plan(journal, "env_1", due_at)

    def fail(tx: Transaction) -> None:
        item = tx.work.claim(due_at, timedelta(minutes=1))
        assert item is not None
        tx.work.again(item, due_at, 1, "Refused: jane@example.com")

    for _ in range(3):
        journal.write(fail)
    findings = examine(config)
    assert _wrong(findings) == [("work", "env_1")]
    (warned,) = [each for each in findings if each.subject == "env_1"]
    assert warned.severity is Severity.WARNING
    assert warned.message == "refresh was tried 3 times, the last time Refused"


@pytest.mark.parametrize("is_looked_for", [True, False])
def test_an_envelope_in_doubt_is_told(
    *, is_looked_for: bool, config: Path, journal: Journal
) -> None:
    """While it is looked for, a warning; after that it waits for a person."""
    envelope = Envelope(
        id="env_1", connection="penvio", provider="penvio", title="Lease 14",
        outcome=Outcome.UNCERTAIN, key="k", created_at=LONG_AGO,
    )  # fmt: skip
    journal.write(lambda tx: tx.envelopes.add_intent(Intent(envelope, "f", {})))
    if is_looked_for:
        _plan(journal, "env_1", utc_now() + timedelta(hours=1), kind=WorkKind.LOOK_UP)
    findings = examine(config)
    assert _wrong(findings) == [("doubt", "env_1")]
    (doubt,) = [each for each in findings if each.check == "doubt"]
    assert doubt.severity is (Severity.WARNING if is_looked_for else Severity.ERROR)
    assert ("esign resolve env_1" in doubt.remedy) is not is_looked_for


@pytest.mark.parametrize("version", [(3, 51, 2), (3, 51, 3)])
def test_an_old_sqlite_is_told(
    version: tuple[int, int, int], bare: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions before 3.51.3 can corrupt a file with several writers."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    (found,) = [e for e in examine(bare("sqlite:///esign.db")) if e.check == "sqlite"]
    assert found.severity is (Severity.OK if version >= (3, 51, 3) else Severity.WARNING)
    assert ("esign serve --worker" in found.remedy) is (version < (3, 51, 3))


@pytest.mark.parametrize(
    "url",
    ["sqlite:///nowhere/esign.db", "sqlite:///folder", "postgresql://127.0.0.1:1/db", "nonsense"],
)
def test_a_journal_that_cannot_be_used_is_told(
    url: str, bare: Callable[[str], Path], tmp_path: Path
) -> None:
    """A folder that is not there, a folder in its place, another database, no address."""
    (tmp_path / "folder").mkdir()
    findings = examine(bare(url))
    assert [check for check, _ in _wrong(findings)] == ["journal"]
    assert not (tmp_path / "nowhere").exists()


def test_a_journal_that_can_be_used_is_told(bare: Callable[[str], Path], tmp_path: Path) -> None:
    """One that is not there yet, and one that is there."""
    assert "can be made" in _journal_of(bare("sqlite:///esign.db"))
    Journal(f"sqlite:///{tmp_path / 'esign.db'}").write(lambda _: None)
    assert "can be written" in _journal_of(bare("sqlite:///esign.db"))


def _journal_of(config: Path) -> str:
    (found,) = [each for each in examine(config) if each.check == "journal"]
    assert found.severity is Severity.OK
    return found.message

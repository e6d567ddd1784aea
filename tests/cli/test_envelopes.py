from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esign_core.sandbox import Control

Run = Callable[..., Any]
AtVendor = Callable[[str], Control]


def _sign_all(control: Control, remote_id: str, people: int) -> None:
    """Everybody signs, as soon as the mail is there."""
    for count in range(people):
        control.sign_page(control.links(remote_id)[count])


def test_a_sent_envelope_can_be_shown(esign: Run, config: Path, sent: str) -> None:
    """What was sent is in the journal, and says where each signer stands."""
    shown = esign("show", sent, "--config", config, "--json").json
    assert shown["id"] == sent
    assert (shown["connection"], shown["status"], shown["outcome"]) == ("penvio", "sent", "done")
    assert not shown["is_in_doubt"]
    assert [(s["id"], s["role"], s["order"], s["status"]) for s in shown["signers"]] == [
        ("s1", "tenant", 1, "notified"),
        ("s2", "landlord", 2, "waiting"),
    ]


def test_the_same_key_and_draft_are_the_same_envelope(
    esign: Run, config: Path, lease: Path, sent: str, control: AtVendor
) -> None:
    """A command that is run again asks nobody again."""
    before = len(control("penvio").ledger())
    again = esign("send", lease, "--via", "penvio", "--key", "lease-14", "-c", config, "--json")
    assert again.json["id"] == sent
    assert len(control("penvio").ledger()) == before


def test_a_key_for_another_draft_is_refused(
    esign: Run, config: Path, lease: Path, sent: str
) -> None:
    """Exit code 1, and the fields that differ; never the addresses in them."""
    other = lease.with_name("other.yaml")
    _ = other.write_text(lease.read_text().replace("tess@", "theo@"), encoding="utf-8")
    answer = esign("send", other, "--via", "penvio", "--key", "lease-14", "-c", config, "--json")
    assert answer.code == 1
    assert answer.error["type"] == "KeyReused"
    assert answer.error["differences"] == ["signers[0].email"]
    assert answer.error["envelope_id"] == sent
    assert "@" not in answer.err


def test_an_uploaded_document_waits_for_the_vendor(esign: Run, config: Path, pdf: Path) -> None:
    """`--wait` waits for a vendor that makes envelopes in a queue; links are there then."""
    words = ["send", "--title", "Lease 15", "--document", pdf, "--signer", "Jane Doe", "--by-link"]
    words += ["--via", "penneo", "--key", "lease-15", "--config", config, "--json"]
    queued = esign(*words)
    assert queued.json["status"] == "queued"
    made = esign(*words, "--wait", "20")
    assert made.json["status"] == "sent"
    assert made.json["id"] == queued.json["id"]
    (link,) = esign("links", made.json["id"], "--config", config, "--json").json
    assert (link["signer_id"], link["name"]) == ("s1", "Jane Doe")
    assert link["url"].startswith("http://127.0.0.1:")
    (row,) = esign("links", made.json["id"], "--config", config).lines
    assert row.split("\t") == ["s1", "Jane Doe", link["role"] or "", link["url"]]


def test_a_queue_is_told_to_people(esign: Run, config: Path, pdf: Path) -> None:
    """Somebody who does not wait learns who goes on."""
    words = ["send", "--document", pdf, "--signer", "Jane Doe", "--by-link", "--via", "penneo"]
    answer = esign(*words, "--key", "lease-16", "--config", config)
    assert answer.code == 0
    assert "esign worker" in answer.out


def test_links_that_a_vendor_keeps_to_itself_are_refused(
    esign: Run, config: Path, sent: str
) -> None:
    """Exit code 1 with the reason: the vendor only mails them."""
    answer = esign("links", sent, "--config", config)
    assert answer.code == 1
    assert answer.err.startswith("NotSupported: penvio cannot hand out signing links")
    assert "Penvio writes to signers itself" in answer.err


def test_a_finished_envelope_is_downloaded(
    esign: Run, config: Path, sent: str, control: AtVendor, tmp_path: Path
) -> None:
    """The signed file is there, and its hash is the one that was printed."""
    shown = esign("show", sent, "--config", config, "--json").json
    early = esign("download", sent, "--to", tmp_path, "--config", config)
    assert early.code == 1
    assert early.err.startswith("NotReady: ")
    _sign_all(control("penvio"), shown["remote_id"], 2)
    shown = esign("show", sent, "--fetch", "--config", config, "--json").json
    assert shown["status"] == "completed"
    (file,) = esign("download", sent, "--to", tmp_path, "--config", config, "--json").json
    data = Path(file["path"]).read_bytes()
    assert Path(file["path"]).parent == tmp_path / sent
    assert data.startswith(b"%PDF-")
    assert (file["size"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    (row,) = esign("download", sent, "--to", tmp_path, "--config", config).lines
    assert row.split("\t") == [file["path"], str(file["size"]), file["sha256"]]


def test_an_envelope_is_cancelled_once(esign: Run, config: Path, sent: str) -> None:
    """The second time it is refused: it has ended."""
    assert esign("cancel", sent, "--config", config, "--json").json["status"] == "cancelled"
    again = esign("cancel", sent, "--config", config, "--json")
    assert again.code == 1
    assert again.error["type"] == "EnvelopeClosed"


def test_signers_are_reminded(esign: Run, config: Path, sent: str, control: AtVendor) -> None:
    """One by our own id, or all that are open."""
    remote_id = esign("show", sent, "--config", config, "--json").json["remote_id"]
    assert esign("remind", sent, "--signer", "s1", "--config", config, "--json").json["reminded"]
    assert esign("remind", sent, "--config", config).code == 0
    told = [each for each in control("penvio").ledger(remote_id) if each["what"] == "reminded"]
    assert [each["signer"] for each in told] == ["Tess Holm", "Tess Holm"]


def test_the_journal_is_listed_and_narrowed(esign: Run, config: Path, sent: str) -> None:
    """The newest first; by connection and status."""
    (row,) = esign("list", "--config", config).lines
    assert row.split("\t")[:4] == [sent, "penvio", "sent", "done"]
    assert [e["id"] for e in esign("list", "--config", config, "--json").json] == [sent]
    assert esign("list", "--status", "completed", "--config", config, "--json").json == []
    assert esign("list", "--connection", "penneo", "--config", config, "--json").json == []
    unknown = esign("list", "--connection", "pennea", "--config", config)
    assert unknown.err.startswith("UnknownConnection: ")
    assert 'Did you mean "penneo"?' in unknown.err


def test_what_a_vendor_refused_can_be_told_in_the_list(
    esign: Run, config: Path, lease: Path, pdf: Path
) -> None:
    """It is there with its outcome, so that nobody takes it for one that waits."""
    text = config.read_text(encoding="utf-8").replace('tenant = "Tenant"', 'tenant = "Nobody"')
    _ = config.write_text(text, encoding="utf-8")
    refused = esign("send", lease, "--via", "penvio", "--key", "k", "--config", config)
    assert refused.code == 1
    (row,) = esign("list", "--config", config).lines
    assert row.split("\t")[1:4] == ["penvio", "draft", "not_done"]


def test_a_check_says_every_gap_and_who_can(esign: Run, config: Path, pdf: Path) -> None:
    """Before anything is sent: all that is in the way, remedies, and the connections that can."""
    draft = ["--title", "Lease", "--document", pdf, "--signer", "Jane Doe", "--by-link"]
    found = esign("check", *draft, "--via", "penvio", "--config", config, "--json")
    assert found.code == 1
    assert not found.json["ok"]
    assert {gap["feature"] for gap in found.json["gaps"]} >= {"documents", "link_delivery"}
    assert all(gap["remedy"] for gap in found.json["gaps"])
    assert found.json["alternatives"] == ["penneo"]
    told = esign("check", *draft, "--via", "penvio", "--config", config)
    assert told.code == 1
    assert told.lines[-1] == "Connections that can: penneo."
    good = esign("check", *draft, "--via", "penneo", "--config", config)
    assert (good.code, good.out) == (0, 'penneo can send "Lease".\n')


def test_no_output_has_an_address_or_a_link(
    esign: Run, config: Path, lease: Path, control: AtVendor
) -> None:
    """What is printed can be pasted into a ticket."""
    said = []
    for via in ("penvio", "penneo"):
        words = ("send", lease, "--via", via, "--key", via, "--wait", "20", "--config", config)
        first = esign(*words, "--json")
        envelope = first.json["id"]
        said += [first, esign(*words), esign("list", "--config", config)]
        for how in ([], ["--json"]):
            said += [
                esign("show", envelope, "--config", config, *how),
                esign("events", "--config", config, *how),
                esign("cancel", envelope, "--config", config, *how),
            ]
    links = [link for via in ("penvio", "penneo") for link in control(via).links()]
    assert links
    for answer in said:
        assert "@example.com" not in answer.out + answer.err
        assert not any(link in answer.out + answer.err for link in links)


@pytest.mark.parametrize("command", ["show", "links", "cancel", "download", "remind"])
def test_an_unknown_envelope_is_refused(esign: Run, config: Path, command: str) -> None:
    """Every command that names an envelope says that there is none."""
    answer = esign(command, "env_none", "--config", config)
    assert answer.code == 1
    assert answer.err.startswith("UnknownEnvelope: ")


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_draft_is_read_from_stdin(
    place: str, esign: Run, config: Path, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is a file as any other, before the options and after them."""
    monkeypatch.setattr("sys.stdin", io.StringIO(lease.read_text(encoding="utf-8")))
    options = ["--via", "penvio", "--config", config]
    answer = esign("check", *(["-", *options] if place == "first" else [*options, "-"]))
    assert (answer.code, answer.out) == (0, 'penvio can send "Lease 14".\n')

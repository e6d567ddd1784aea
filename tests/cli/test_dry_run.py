from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from esign_core.sandbox import Control

Run = Callable[..., Any]
TABLES = ("envelopes", "events", "observations", "work", "inbox", "cursors")


def _rows(config: Path) -> int:
    """How much is written in the journal."""
    with closing(sqlite3.connect(config.with_name("esign.db"))) as database:
        counts = [database.execute(f"select count(*) from esign_{t}") for t in TABLES]  # noqa: S608
        return sum(int(each.fetchone()[0]) for each in counts)


def test_what_would_be_sent_is_shown_and_nothing_sent(
    esign: Run, config: Path, pdf: Path, control: Callable[[str], Control]
) -> None:
    """Who signs, in which order, and the exact bytes; nobody hears of it, nothing is kept."""
    before = len(control("penneo").ledger())
    words = ["send", "--document", pdf, "--via", "penneo", "--key", "k", "--in-order"]
    words += [
        "--signer",
        "Jane Doe <jane@example.com>, role=tenant",
        "--signer",
        "Bo, delivery=link",
    ]
    answer = esign(*words, "--config", config, "--dry-run", "--json")
    assert answer.code == 0
    told = answer.json
    assert (told["sent"], told["ok"], told["known"], told["gaps"]) == (False, True, None, [])
    assert (told["connection"], told["provider"], told["key"]) == ("penneo", "penneo", "k")
    who = ("name", "role", "order", "action", "delivery")
    assert [tuple(each[name] for name in who) for each in told["signers"]] == [
        ("Jane Doe", "tenant", 1, "sign", "email"),
        ("Bo", None, 2, "sign", "link"),
    ]
    data = pdf.read_bytes()
    assert told["documents"] == [
        {
            "name": "lease.pdf",
            "signable": True,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "options": {},
        }
    ]
    assert "@" not in answer.out
    assert _rows(config) == 0
    assert len(control("penneo").ledger()) == before


def test_people_read_the_same_in_lines(esign: Run, config: Path, lease: Path) -> None:
    """The vendor's template with its roles, and the last line says that nothing was sent."""
    answer = esign("send", lease, "--via", "penvio", "--key", "k", "-c", config, "--dry-run")
    assert answer.code == 0
    assert answer.lines == [
        "title\tLease 14",
        "connection\tpenvio",
        "provider\tpenvio",
        "key\tk",
        "template\ttmpl_lease1 (tenant = Tenant, landlord = Landlord)",
        "Tess Holm\ttenant\t1\tsign\temail\t",
        "Lars Berg\tlandlord\t2\tsign\temail\t",
        "Nothing was sent. Leave --dry-run out to send it.",
    ]


RICH = """\
title: Lease 14
template: lease
subject: Your lease
message: canary-text
language: da
send_at: 2031-01-31T09:00:00Z
expires_at: 2031-02-28T09:00:00Z
remind_every_days: 3
redirects: {signed: "https://canary.example.com/signed"}
metadata: {lease: canary-word}
copies: [{name: Cora Lund, email: canary@example.com}]
options: {penneo: {visibility_mode: 1, reference: canary-reference}}
signers:
  - name: Tess Holm
    email: canary@example.com
    phone: +4512345678
    role: tenant
    message: canary-words
    language: en
    identity: {method: national_id, country: DK, number: canary-number}
    redirects: {failed: "https://canary.example.com/failed"}
    options: {penneo: {vatin: canary-vatin}}
"""


def test_everything_that_would_go_out_is_told_without_secrets(
    esign: Run, config: Path, tmp_path: Path
) -> None:
    """What was wished can be seen; addresses, numbers and texts cannot."""
    file = tmp_path / "rich.yaml"
    _ = file.write_text(RICH, encoding="utf-8")
    words = ["send", file, "--via", "penneo", "--key", "k", "-c", config, "--dry-run"]
    answer = esign(*words, "--json")
    more = {
        "subject": "Your lease",
        "message": True,
        "language": "da",
        "send_at": "2031-01-31T09:00:00+00:00",
        "expires_at": "2031-02-28T09:00:00+00:00",
        "expires_in_days": None,
        "remind_every_days": 3,
        "redirects": ["signed"],
        "metadata": ["lease"],
        "copies": ["Cora Lund"],
        "options": {"penneo": ["reference", "visibility_mode"]},
    }
    assert {name: answer.json[name] for name in more} == more
    of_tess = {
        "message": True,
        "language": "en",
        "identity": {"method": "national_id", "country": "DK"},
        "redirects": ["failed"],
        "options": {"penneo": ["vatin"]},
    }
    (tess,) = answer.json["signers"]
    assert {name: tess[name] for name in of_tess} == of_tess
    lines = esign(*words)
    assert {
        "subject\tYour lease",
        "message\tyes",
        "send at\t2031-01-31T09:00:00+00:00",
        "copies\tCora Lund",
        "redirects\tsigned",
        "metadata\tlease",
        "options\tpenneo reference, visibility_mode",
    } <= set(lines.lines)
    (row,) = [line for line in lines.lines if line.startswith("Tess Holm\t")]
    assert row.split("\t")[-1] == (
        "identity: method national_id, country DK; language: en; message; "
        "redirects: failed; options: penneo vatin"
    )
    for told in (answer, lines):
        assert not any(each in told.out + told.err for each in ("canary", "@", "+45"))


def test_expiry_in_days_is_told(esign: Run, config: Path, lease: Path) -> None:
    """As it was written."""
    text = lease.read_text("utf-8").replace("title:", "expires_in_days: 9\n        title:")
    _ = lease.write_text(text, "utf-8")
    answer = esign("send", lease, "--via", "penvio", "--key", "k", "-c", config, "--dry-run")
    assert "expires in days\t9" in answer.lines


def test_a_template_that_is_a_pdf_here_is_shown_as_one(
    esign: Run, config: Path, lease: Path
) -> None:
    """What goes out is a document, with its hash."""
    words = ["send", lease, "--via", "penneo", "--key", "k", "-c", config, "--dry-run", "--json"]
    told = esign(*words).json
    assert told["template"] is None
    assert [each["name"] for each in told["documents"]] == ["lease.pdf"]


def test_every_gap_is_told_and_is_1(esign: Run, config: Path, pdf: Path) -> None:
    """A script that tries first finds out before anybody is asked."""
    words = ["send", "--document", pdf, "--signer", "Jane Doe", "--by-link", "--via", "penvio"]
    answer = esign(*words, "--key", "k", "-c", config, "--dry-run")
    assert answer.code == 1
    assert any(line.startswith("documents\tpenvio has no documents\t") for line in answer.lines)
    assert answer.lines[-2:] == [
        "Connections that can: penneo.",
        "Nothing was sent, and it cannot be sent as it is.",
    ]
    data = esign(*words, "--key", "k", "-c", config, "--dry-run", "--json")
    assert (data.code, data.json["ok"], data.json["alternatives"]) == (1, False, ["penneo"])


def test_what_was_sent_before_is_named(esign: Run, config: Path, lease: Path, sent: str) -> None:
    """The same command would answer that envelope; another draft under the key is refused."""
    words = ["--via", "penvio", "--key", "lease-14", "--config", config, "--dry-run"]
    again = esign("send", lease, *words)
    assert again.code == 0
    assert again.lines[-1] == (
        f"Nothing was sent. It was before, as {sent}: nobody would be asked again."
    )
    other = lease.with_name("other.yaml")
    _ = other.write_text(lease.read_text("utf-8").replace("Lease 14", "Lease 15"), "utf-8")
    refused = esign("send", other, *words)
    assert refused.code == 1
    assert refused.err.startswith("KeyReused: ")


@pytest.mark.parametrize("online", [[], ["--online"]])
def test_a_check_can_ask_the_vendor_too(
    online: list[str], esign: Run, config: Path, lease: Path
) -> None:
    """A template that is mapped to nothing there is a gap that only the vendor knows."""
    text = config.read_text(encoding="utf-8").replace("tmpl_lease1", "tmpl_gone")
    _ = config.write_text(text, encoding="utf-8")
    answer = esign("check", lease, "--via", "penvio", "--config", config, *online)
    assert answer.code == (1 if online else 0)
    assert ("tmpl_gone" in answer.out) is bool(online)

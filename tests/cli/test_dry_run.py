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
    assert told["signers"] == [
        {"name": "Jane Doe", "role": "tenant", "order": 1, "action": "sign", "delivery": "email"},
        {"name": "Bo", "role": None, "order": 2, "action": "sign", "delivery": "link"},
    ]
    data = pdf.read_bytes()
    assert told["documents"] == [
        {
            "name": "lease.pdf",
            "signable": True,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
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
        "Tess Holm\ttenant\t1\tsign\temail",
        "Lars Berg\tlandlord\t2\tsign\temail",
        "Nothing was sent. Leave --dry-run out to send it.",
    ]


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

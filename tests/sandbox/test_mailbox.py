from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest

from esign_core.sandbox import Channel, Control, LedgerEntry, Mail, Simulator
from esign_core.sandbox.mailbox import received, render_mailbox

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & \"more\""
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def asked(name: str = "Ann", what: str = "asked", mail: Mail | None = None) -> LedgerEntry:
    """Somebody got an e-mail."""
    link = f"http://vendor.invalid/sign/{name}"
    return LedgerEntry(AT, what, "7", "mark", name, Channel.EMAIL, link, mail)


def test_mail_is_what_went_out_by_e_mail() -> None:
    """Links that were handed out, and what signers did, are no mail."""
    ledger = [
        asked("Ann", mail=Mail("Please sign", "Read first.", to="ann@example.com")),
        LedgerEntry(AT, "asked", "7", signer="Bob", channel=Channel.LINK, link="http://b.invalid"),
        LedgerEntry(AT, "opened", "7", signer="Ann"),
        asked("Ann", "reminded", Mail("Please sign", "Read first.", to="ann@example.com")),
    ]
    assert received(ledger)[0] == {
        "at": "2026-03-01T12:00:00+00:00",
        "what": "asked",
        "envelope": "7",
        "name": "Ann",
        "to": "ann@example.com",
        "sender": "",
        "subject": "Please sign",
        "text": "Read first.",
        "attachments": (),
        "link": "http://vendor.invalid/sign/Ann",
    }
    assert [mail["what"] for mail in received(ledger)] == ["asked", "reminded"]


def test_a_simulator_that_tells_no_words_has_a_mailbox_too() -> None:
    """Name and link are in every ledger; the rest is empty."""
    (mail,) = received([asked()])
    assert (mail["name"], mail["to"], mail["subject"], mail["text"]) == ("Ann", "", "", "")
    page = render_mailbox([mail])
    assert "(no subject)" in page
    assert "To Ann</p>" in page


def test_the_page_shows_every_word_and_runs_none() -> None:
    """Whatever a caller or a vendor wrote: all of it is text."""
    mail = Mail(NASTY, NASTY, is_html=True, sender=NASTY, attachments=[NASTY], to=NASTY)
    entry = LedgerEntry(AT, "asked", NASTY, NASTY, NASTY, Channel.EMAIL, f"http://{NASTY}", mail)
    page = render_mailbox(received([entry]))
    assert "<script" not in page
    assert "'x'" not in page
    assert unescape(page).count("<script>alert('x')</script>") == 9  # the link counts twice


def test_the_newest_comes_first() -> None:
    """Whoever loads the page again wants what has come since."""
    page = render_mailbox(received([asked("Ann"), asked("Bob")]))
    assert page.index("To Bob") < page.index("To Ann")


@pytest.mark.parametrize(("entries", "told"), [((), "Nobody was written to yet"), ((1,), "To Ann")])
def test_an_empty_mailbox_says_so(entries: Sequence[int], told: str) -> None:
    """And what to do about it; one that is not does not."""
    page = render_mailbox(received([asked() for _ in entries]))
    assert told in page
    assert ("Send an envelope" in page) is not bool(entries)


def test_a_link_that_is_none_is_not_shown() -> None:
    """Who is only told of the end has nothing to sign."""
    told = LedgerEntry(AT, "informed", "7", signer="Ann", channel=Channel.EMAIL)
    assert "<a " not in render_mailbox(received([told]))


def test_a_browser_gets_a_page_and_a_program_json(
    simulator: Simulator, http: httpx.Client, control: Control
) -> None:
    """One address for both."""
    http.post("/things").raise_for_status()
    page = http.get(simulator.mail_url, headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    (mail,) = http.get(simulator.mail_url).json()["mail"]
    assert control.mail() == [mail]
    assert mail["link"] in page.text


def test_a_person_can_sign_from_the_mailbox(
    simulator: Simulator, http: httpx.Client, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """From page to page by its links and forms alone; the server writes no link to a log."""
    caplog.set_level(logging.DEBUG)
    http.post("/things").raise_for_status()
    mailbox = http.get(simulator.mail_url, headers=BROWSER).text
    (link,) = map(unescape, re.findall(r'<a href="([^"]+)"', mailbox))
    sign, _decline = re.findall(r'<form method="post" action="([^"]+)">', http.get(link).text)
    assert "You have signed" in http.post(sign).text
    assert [entry["what"] for entry in control.ledger()] == ["asked", "opened", "signed"]
    token = link.rpartition("/")[2]
    logged = [each for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    assert not any(token in f"{each.name} {each.getMessage()}" for each in logged)

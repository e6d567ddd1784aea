"""The e-mails of a simulated vendor: nothing is mailed, everything can be read.

Whoever reads them can sign for whom they were written to; at a simulator that is what they are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypedDict

from esign_core.sandbox.page import framed
from esign_core.sandbox.vendor import Channel, LedgerEntry, Mail


class Received(TypedDict):
    """An e-mail in the mailbox, as JSON data."""

    at: str
    what: str
    """The ledger's word: `asked`, `reminded` ..."""
    envelope: str
    """The vendor's id."""
    name: str
    """Whom it was written to."""
    to: str
    """The address; empty where the simulator does not tell."""
    sender: str
    """Whose name stands in front; empty where it is the vendor's own."""
    subject: str
    text: str
    attachments: Sequence[str]
    link: str
    """The signing page; empty where nothing is asked for."""


def received(ledger: Iterable[LedgerEntry]) -> list[Received]:
    """The e-mails in a ledger, oldest first."""
    return [_received(entry) for entry in ledger if entry.channel is Channel.EMAIL]


def render_mailbox(mails: Sequence[Received]) -> str:
    """The page with every e-mail, newest first."""
    told = "Nobody was written to yet. Send an envelope, and load this page again."
    if mails:
        told = "What people were written, newest first. Load this page again for more."
    return framed("Mailbox", f"<p>{told}</p>{''.join(map(_article, reversed(mails)))}")


def _received(entry: LedgerEntry) -> Received:
    mail = entry.mail or Mail("", "")
    return Received(
        at=entry.at.isoformat(),
        what=entry.what,
        envelope=entry.envelope,
        name=entry.signer,
        to=mail.to,
        sender=mail.sender,
        subject=mail.subject,
        text=mail.text,
        attachments=mail.attachments,
        link=entry.link,
    )


def _article(mail: Received) -> str:
    link, sender, attached = mail["link"], mail["sender"], ", ".join(mail["attachments"])
    to = f"{mail['name']} <{mail['to']}>" if mail["to"] else mail["name"]
    told = f"{mail['what']}, envelope {mail['envelope']}, {mail['at']}"
    parts = [
        f"<h2>{escape(mail['subject'] or '(no subject)')}</h2>",
        f"<p>To {escape(to)}</p>",
        f"<p>From {escape(sender)}</p>" if sender else "",
        f'<p class="message">{escape(mail["text"])}</p>' if mail["text"] else "",
        f"<p>Attached: {escape(attached)}</p>" if attached else "",
        f'<p><a href="{escape(link)}">{escape(link)}</a></p>' if link else "",
        f'<p class="small">{escape(told)}</p>',
    ]
    return f"<article>{''.join(parts)}</article>"

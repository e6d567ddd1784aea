"""The play: a lease through every vendor, one that is declined, one that is cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from esign_core import (
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    Event,
    EventType,
    SavedFile,
    Signer,
    TemplateRef,
)
from esign_core.cli.demo.stage import Stage, Vendor
from esign_core.cli.demo.story import PATIENCE_SECONDS, Story, Stuck

T = TypeVar("T")

TENANT, LANDLORD = "s1", "s2"
_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Played:
    """What came of it, for the verdict."""

    events: Sequence[Event]
    envelopes: Sequence[Envelope]
    expected: Mapping[str, EnvelopeStatus]
    """By envelope id: the end that it was led to."""
    unheard: str
    """The envelope whose tenant signed unheard: the webhook about it was dropped."""
    files: Sequence[tuple[str, SavedFile]]
    """By vendor: what was downloaded."""
    deliveries: Mapping[str, Sequence[Mapping[str, Any]]]
    """By vendor: every webhook, and what became of it."""
    ledgers: Mapping[str, Sequence[Mapping[str, Any]]]
    """By vendor: what happened to people."""


def lease(number: int, *, in_order: bool = True) -> EnvelopeDraft:
    """One lease for two people. What the template is, each connection says for itself."""
    return EnvelopeDraft(
        title=f"Lease {number}",
        template=TemplateRef("lease"),
        signers=[
            Signer(
                name="Tess Holm",
                email="tess@example.com",
                role="tenant",
                order=1 if in_order else None,
            ),
            Signer(
                name="Lars Berg",
                email="lars@example.com",
                role="landlord",
                order=2 if in_order else None,
            ),
        ],
    )


async def play(stage: Stage, story: Story, to: Path) -> Played:
    """Lead every envelope to its end, mishaps included.

    Raises:
        Stuck: Something that should have become known did not.
    """
    esign = stage.esign
    first, last = stage.vendors[0], stage.vendors[-1]
    canceller = next((each for each in reversed(stage.vendors) if each.can_cancel), None)

    story.teller.say("The same lease goes out through every vendor, then two more.")
    deals = [(vendor, await _send(stage, vendor, 14)) for vendor in stage.vendors]
    unwanted = await _send(stage, first, 15)
    expected = {deal.id: EnvelopeStatus.COMPLETED for _, deal in deals}
    expected[unwanted.id] = EnvelopeStatus.DECLINED
    mistaken = await _send(stage, canceller, 16) if canceller else None
    if mistaken is not None:
        expected[mistaken.id] = EnvelopeStatus.CANCELLED
    for envelope_id in expected:
        _ = await story.until(envelope_id, EventType.ENVELOPE_SENT)

    for vendor, deal in deals:
        await _close_deal(
            stage, story, vendor, deal, is_first=vendor is first, is_last=vendor is last
        )

    story.teller.say(f"{first.title}: Tess declines another lease.")
    link = await _link(stage, first, unwanted, TENANT)
    await _do(first.control.decline_page, link, "The rent is too high.")
    _ = await story.until(unwanted.id, EventType.ENVELOPE_DECLINED)
    if canceller is not None and mistaken is not None:
        story.teller.say(f"{canceller.title}: the third one was a mistake, and is cancelled.")
        _ = await esign.cancel(mistaken.id, reason="Sent by mistake.")
        _ = await story.until(mistaken.id, EventType.ENVELOPE_CANCELLED)

    deliveries = {v.name: await _do(v.control.settle) for v in stage.vendors}
    await story.catch_up()
    files = [
        (vendor.name, file)
        for vendor, deal in deals
        for file in await esign.download(deal.id, to=to)
    ]
    return Played(
        events=story.events,
        envelopes=[await esign.get(envelope_id) for envelope_id in expected],
        expected=expected,
        unheard=deals[-1][1].id,
        files=files,
        deliveries=deliveries,
        ledgers={v.name: await _do(v.control.ledger) for v in stage.vendors},
    )


async def fresh_envelopes(stage: Stage, story: Story) -> list[tuple[str, str, str]]:
    """One more lease at each vendor, for the reader to sign: vendor, signer, link."""
    links: list[tuple[str, str, str]] = []
    for vendor in stage.vendors:
        draft = vendor.addressed(lease(17, in_order=False))
        envelope = await stage.esign.send(draft, via=vendor.name, key=f"{vendor.name}-17")
        _ = await story.until(envelope.id, EventType.ENVELOPE_SENT)
        for signer in envelope.signers:
            link = await _link(stage, vendor, envelope, signer.id)
            links.append((vendor.name, signer.name, link))
    return links


async def _send(stage: Stage, vendor: Vendor, number: int) -> Envelope:
    """The vendor has it; where that takes its time, the worker goes on."""
    draft = vendor.addressed(lease(number))
    return await stage.esign.send(draft, via=vendor.name, key=f"{vendor.name}-{number}")


async def _close_deal(
    stage: Stage, story: Story, vendor: Vendor, deal: Envelope, *, is_first: bool, is_last: bool
) -> None:
    """Both sign, one after the other; with the first and the last vendor webhooks go astray."""
    control = vendor.control
    about = (await stage.esign.get(deal.id)).remote_id
    mishap = ", and one webhook comes twice" if is_first else ""
    story.teller.say(f"{vendor.title}: Tess opens her link and reads{mishap}.")
    link = await _link(stage, vendor, deal, TENANT)
    if is_first:
        await _do(control.fault, "duplicate", match=about, times=1)
    await _do(control.open_page, link)
    mishap = "; the webhook about it is lost" if is_last else ""
    story.teller.say(f"{vendor.title}: Tess signs{mishap}.")
    if is_last:
        await _do(control.fault, "drop", match=about, times=1)
    await _do(control.sign_page, link, read=False)
    _ = await story.until(deal.id, EventType.SIGNER_SIGNED, TENANT)

    mishap = "; two webhooks change places" if is_first else ""
    story.teller.say(f"{vendor.title}: it is Lars's turn, who reads and signs{mishap}.")
    link = await _link(stage, vendor, deal, LANDLORD)
    if is_first:
        await _do(control.fault, "reorder", match=about, times=1)
    await _do(control.sign_page, link)
    _ = await story.until(deal.id, EventType.ENVELOPE_COMPLETED)
    if is_first:
        await _do(control.clear_faults)  # lets go a webhook that no other one has overtaken


async def _link(stage: Stage, vendor: Vendor, envelope: Envelope, signer_id: str) -> str:
    """Where somebody signs: from the vendor's API, or else from the mail in their inbox.

    Raises:
        Stuck: Nobody told them.
    """
    if vendor.hands_out_links:
        links = await stage.esign.signing_links(envelope.id)
        return next(link.url for link in links if link.signer_id == signer_id)
    current = await stage.esign.get(envelope.id)
    name = next(signer.name for signer in current.signers if signer.id == signer_id)
    with anyio.move_on_after(PATIENCE_SECONDS):
        while True:
            for entry in await _do(vendor.control.ledger, current.remote_id):
                if entry["what"] == "asked" and entry["signer"] == name:
                    return str(entry["link"])
            await anyio.sleep(_LOOK_EVERY_SECONDS)
    raise Stuck(f'{name} got no mail about "{envelope.title}" from {vendor.title}')


async def _do(work: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """What somebody outside does, while esign goes on.

    Raises:
        Stuck: The simulator would not let them, or did not come to an end.
    """
    try:
        return await run_sync(partial(work, *arguments, **options))
    except (ValueError, TimeoutError) as error:
        raise Stuck(str(error)) from error

"""Whether the play ended as it should: the promises, checked against the vendors' own records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from esign_core import Event, EventType, Source
from esign_core.cli.demo.play import TENANT, Played

_MISHAPS = ("duplicate", "reorder", "drop")


def findings(played: Played) -> list[str]:
    """Everything that is not as it should be; nothing, if all is well."""
    return [
        *_wrong_ends(played),
        *_wrong_stream(played.events),
        *_wrong_repair(played),
        *_asked_twice(played),
        *_wrong_files(played),
    ]


def _wrong_ends(played: Played) -> Iterator[str]:
    for envelope in played.envelopes:
        expected = played.expected[envelope.id]
        if envelope.status is not expected:
            yield f'"{envelope.title}" ({envelope.connection}) is {envelope.status}, not {expected}'


def _wrong_stream(events: Iterable[Event]) -> Iterator[str]:
    told = list(events)
    if [event.seq for event in told] != list(range(1, len(told) + 1)):
        yield "the stream has gaps"
    once = Counter(
        (event.envelope_id, event.type, event.signer_id, event.round)
        for event in told
        if not event.type.is_repeatable
    )
    for (envelope_id, type_, signer_id, _), times in once.items():
        if times > 1:
            yield f"{type_} of {signer_id or envelope_id} is there {times} times"
    for source in (Source.WEBHOOK, Source.POLL):
        if source not in {event.source for event in told}:
            yield f"nothing became known by {source}"


def _wrong_repair(played: Played) -> Iterator[str]:
    happened = {each["fault"] for told in played.deliveries.values() for each in told}
    for mishap in _MISHAPS:
        if mishap not in happened:
            yield f"no webhook met with the mishap that was planned: {mishap}"
    repaired = (played.unheard, EventType.SIGNER_SIGNED, TENANT, Source.POLL)
    if repaired not in {(e.envelope_id, e.type, e.signer_id, e.source) for e in played.events}:
        yield "the signature whose webhook was lost was not found by polling"


def _asked_twice(played: Played) -> Iterator[str]:
    for vendor, ledger in played.ledgers.items():
        asked = Counter((e["envelope"], e["signer"]) for e in ledger if e["what"] == "asked")
        for (envelope, signer), times in asked.items():
            if times > 1:
                yield f"{vendor} asked {signer} {times} times to sign {envelope}"


def _wrong_files(played: Played) -> Iterator[str]:
    deals = list(played.expected.values()).count(played.expected[played.unheard])
    if len(played.files) < deals:
        yield f"{len(played.files)} signed files for {deals} signed leases"
    for _, file in played.files:
        if not file.path.read_bytes().startswith(b"%PDF-"):
            yield f"{file.path.name} is no PDF"

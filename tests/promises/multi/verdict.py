"""What the vendors say happened, held against the journal's stream and against its readers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from esign_core import Envelope, Esign, Event

_SIGNER = {"opened": "signer.viewed", "signed": "signer.signed", "declined": "signer.declined"}
_END = {"completed", "declined", "cancelled", "expired"}


class Truth:
    """The vendors' ledgers: what people did, whatever became of the webhooks."""

    def __init__(self, ledgers: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._facts: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        """By connection and the vendor's id: the event, and the signer's name."""
        for connection, entries in ledgers.items():
            for entry in entries:
                place = (connection, entry["envelope"])
                if entry["what"] in _SIGNER and entry["signer"]:
                    self._facts[place].add((_SIGNER[entry["what"]], entry["signer"]))
                if entry["what"] in _END and not entry["signer"]:
                    self._facts[place].add((f"envelope.{entry['what']}", ""))
                if entry["what"] == "declined":
                    self._facts[place].add(("envelope.declined", ""))

    def facts(self, envelope: Envelope) -> set[tuple[str, str]]:
        """What happened to an envelope."""
        return self._facts[envelope.connection, envelope.remote_id or ""]


def differences(esign: Esign, truth: Truth, envelopes: Sequence[Envelope]) -> list[str]:
    """Where the journal says something else than the vendors do."""
    told: dict[str, set[tuple[str, str]]] = defaultdict(set)
    names = {
        (envelope.id, signer.id): signer.name
        for envelope in envelopes
        for signer in envelope.signers
    }
    known = {*_SIGNER.values(), *(f"envelope.{end}" for end in _END)}
    for event in stream(esign):
        if event.type in known:
            name = names.get((event.envelope_id, event.signer_id or ""), "")
            told[event.envelope_id].add((event.type.value, name))
    wrong = []
    for envelope in envelopes:
        here, there = told[envelope.id], truth.facts(envelope)
        if here != there:
            where = f"{envelope.title} at {envelope.provider}"
            wrong.append(f"{where}: missing {sorted(there - here)}, made up {sorted(here - there)}")
    return wrong


def stream(esign: Esign) -> Iterator[Event]:
    """Every event."""
    after = 0
    while page := esign.events.read(after=after, limit=1000):
        yield from page
        after = page[-1].seq


def last_seen(file: Path) -> int:
    """The position of the last event that a reader has written down."""
    lines = file.read_text(encoding="utf-8").splitlines()
    last: int = json.loads(lines[-1])["seq"] if lines else 0
    return last


def readers_differ(esign: Esign, readers: Sequence[Path]) -> list[str]:
    """What is wrong with the sequence itself, or with what a reader saw of it."""
    wrong = []
    events = list(stream(esign))
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        wrong.append("positions have gaps")
    once = Counter((e.envelope_id, e.type, e.signer_id, e.round) for e in events)
    wrong += [f"{what} came {n} times" for what, n in once.items() if n > 1]
    expected = [(event.seq, event.id) for event in events]
    for file in readers:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        if [(line["seq"], line["id"]) for line in lines] != expected:
            wrong.append(f"{file.stem} saw another sequence")
    return wrong

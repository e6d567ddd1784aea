"""What the demonstration prints: for people a table that grows, for programs JSON lines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from esign_core import Envelope, Event, EventType, SavedFile
from esign_core.cli.events import event_data
from esign_core.cli.output import plain, say, show_json, show_table

_COLUMNS = (("seq", 4), ("time", 13), ("envelope", 10), ("via", 10), ("event", 22), ("signer", 8))
_STYLES = {
    EventType.ENVELOPE_COMPLETED: "bold green",
    EventType.ENVELOPE_DECLINED: "bold red",
    EventType.ENVELOPE_CANCELLED: "bold yellow",
    EventType.ENVELOPE_CONFLICT: "bold red",
}


@dataclass
class Teller:
    """Tells the story while it happens."""

    as_json: bool = False
    is_well: bool = False
    """Whether all was as it should be, so far as it was played."""
    _console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))

    def begin(self, vendors: Iterable[str]) -> None:
        """Who plays, and the head of the table."""
        self.say(f"Simulated: {', '.join(vendors)}. Nobody is written to, nothing is binding.\n")
        self._line("".join(f"{name:<{width}}" for name, width in _COLUMNS) + "known from", "bold")

    def say(self, text: str) -> None:
        """What somebody does, between the events that come of it."""
        self._line(text, "dim")

    def event(self, event: Event, title: str) -> None:
        """One more row of the table."""
        if self.as_json:
            show_json(event_data(event))
            return
        cells = (
            event.seq,
            f"{event.received_at:%H:%M:%S.%f}"[:12],
            title,
            event.connection,
            event.type,
            event.signer_id or "",
        )
        row = "".join(
            f"{plain(cell):<{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
        )
        how = f"{event.source}, inferred" if event.inferred else event.source.value
        self._line(row + how, _STYLES.get(event.type, ""))

    def envelopes(self, envelopes: Sequence[Envelope]) -> None:
        """How each of them ended."""
        if not self.as_json:
            say()
            rows = [
                (
                    envelope.title,
                    envelope.connection,
                    envelope.status,
                    ", ".join(f"{signer.name}: {signer.status}" for signer in envelope.signers),
                )
                for envelope in envelopes
            ]
            show_table(("envelope", "via", "ended", "signers"), rows)

    def files(self, files: Sequence[tuple[str, SavedFile]], *, is_kept: bool) -> None:
        """What was downloaded."""
        if not self.as_json:
            say()
            rows = [
                (via, file.path if is_kept else file.path.name, file.size, file.sha256)
                for via, file in files
            ]
            show_table(("via", "signed file", "bytes", "sha256"), rows)
            if not is_kept:
                self.say("(--to FOLDER keeps them)")

    def verdict(self, wrong: Sequence[str], events: Sequence[Event], seconds: float) -> None:
        """Whether all was as it should be; what was not goes to stderr."""
        self.is_well = not wrong
        if wrong:
            say("\n  ".join(["The demonstration failed:", *wrong]), to=sys.stderr)
            return
        sources = Counter(event.source.value for event in events)
        told = ", ".join(f"{times} by {source}" for source, times in sorted(sources.items()))
        self._line(
            f"\n{len(events)} events ({told}), none lost, none twice, in {seconds:.1f} s.", "green"
        )

    def links(self, links: Sequence[tuple[str, str, str]]) -> None:
        """Where the reader can sign; with JSON on stderr, where it spoils no line."""
        out = sys.stderr if self.as_json else sys.stdout
        say("\nYour turn: open a link, read, sign or decline. Ctrl-C ends it.", to=out)
        for via, name, url in links:
            say(f"  {via}  {name}  {url}", to=out)
        say(to=out)

    def _line(self, text: str, style: str) -> None:
        if not self.as_json:
            self._console.print(Text(text, style=style))

"""One deal at one vendor, in a world where nothing goes wrong but what a test has chosen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from esign_core.engine.simulate import Life
from esign_core.journal import Journal
from esign_core.model import Envelope, Event, Snapshot, WebhookRequest
from esign_core.sandbox import Act, Delivery, LedgerEntry
from esign_core.service import operations
from esign_core.service.send import send
from tests.promises.sim.account import Account
from tests.promises.sim.process import Process
from tests.promises.sim.world import World

_HOUR, _DAY = 3600.0, 86400.0


class Ending(StrEnum):
    """How a deal ends."""

    SIGNED = "signed"
    DECLINED = "declined"
    """The last signer says no."""
    CANCELLED = "cancelled"
    """Before the last signer acts, somebody calls it off in the vendor's own app."""
    EXPIRED = "expired"
    """The last signer looks, and never acts."""


_DEED = {Ending.SIGNED: Act.SIGN, Ending.DECLINED: Act.DECLINE}


@dataclass
class Held(Account):
    """An account of which deliveries can be kept back, and whose people do what they are told."""

    people_named: list[str] = field(default_factory=list)
    ending: Ending = Ending.SIGNED
    lost: Collection[int] = ()
    """Which deliveries never arrive, by their places."""
    made: list[Delivery] = field(default_factory=list)
    """All of them, lost ones too."""

    def _post(self, delivery: Delivery) -> None:
        place = len(self.made)
        self.made.append(delivery)
        if place not in self.lost:
            _ = self.world.schedule.begin(self._delivered(delivery))

    def _asked_person(self, entry: LedgerEntry) -> Life[None]:
        token = entry.link.rpartition("/")[2]
        is_last = entry.signer == self.people_named[-1]
        deed = _DEED.get(self.ending) if is_last else Act.SIGN
        yield _HOUR
        self._happened(self.site.vendor.act(token, Act.OPEN, self.world.now()))
        yield 60.0
        if deed is not None:
            self._happened(self.site.vendor.act(token, deed, self.world.now(), "Too dear"))


@dataclass
class Deal:
    """What became of it."""

    account: Held
    envelope: Envelope
    events: list[Event]
    observed: list[Snapshot]
    """What the vendor showed when somebody looked, step by step."""

    def deliveries(self) -> list[WebhookRequest]:
        """All that the vendor told, in order, as it came."""
        return [WebhookRequest.of(d.headers.items(), d.body) for d in self.account.made]


def play(
    via: str,
    ending: Ending,
    people: list[str],
    *,
    seed: int = 7,
    lost: Collection[int] = (),
    is_watched: bool = False,
    journal: Journal | None = None,
) -> Deal:
    """A deal from its sending to its end, with a worker that polls.

    Args:
        via: The vendor.
        ending: How it ends.
        people: Who signs, one after the other.
        seed: Decides how the vendor behaves where its documents leave that open.
        lost: Which deliveries never arrive, by their places.
        is_watched: Whether somebody looks at the vendor every half hour and keeps what is shown.
        journal: One in memory, to be emptied and used.
    """
    world = World(seed, journal=journal)
    world.chaos.is_calm = True
    plain = world.accounts[via]
    account = Held(
        via, plain.site, world, plain.people, people_named=people, ending=ending, lost=lost
    )
    world.accounts[via] = account
    process = Process(world, "worker", workers=1)
    world.processes = [process]
    _ = world.schedule.begin(account.clockwork())
    process.start()
    draft = account.site.draft("Lease 14", people, 2)
    sent: list[str] = []
    shown: list[Snapshot] = []

    def product() -> Life[None]:
        envelope = yield from process.live(
            send(process.workspace, draft, via=via, key="lease-14", wait_seconds=30)
        )
        sent.append(envelope.id)
        if ending is Ending.CANCELLED:
            yield (len(people) - 0.5) * (_HOUR + 60.0)
            remote_id = world.journal.read(lambda tx: tx.envelopes.get(envelope.id)).remote_id
            account.site.call_off(remote_id or "", world.now())

    process.begin(product())
    if is_watched:
        process.begin(_watched(process, via, sent, shown))
    world.schedule.run(until_seconds=5 * _DAY)
    (envelope,) = world.journal.read(lambda tx: tx.envelopes.list())
    events = world.journal.read(lambda tx: tx.stream.read(limit=1000))
    world.close()
    return Deal(account, envelope, events, shown)


def _watched(process: Process, via: str, sent: list[str], shown: list[Snapshot]) -> Life[None]:
    session = process.workspace.session(via)
    while not shown or not shown[-1].status.is_final:
        yield _HOUR / 2
        known = process.journal.read(lambda tx: tx.envelopes.get(sent[0]))
        if known.remote_id is not None:
            shown.append((yield from process.live(operations.fetch(session, known.remote_id))))

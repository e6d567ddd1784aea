"""What a product does with the library: it sends with keys, asks again, calls off and reminds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from esign_core import EnvelopeDraft
from esign_core.engine import Task
from esign_core.engine.simulate import Life
from esign_core.errors import EnvelopeClosed, EsignError, KeyReused, Outcome
from esign_core.model import Envelope
from esign_core.service import verbs
from esign_core.service.send import send

if TYPE_CHECKING:
    from tests.promises.sim.process import Process

_ATTEMPTS = 40
_PAUSES = (1.0, 20.0, 300.0, 3600.0, 6 * 3600.0)


@dataclass(eq=False)
class Wish:
    """Something that a product wants to have signed, as it stands in its own database."""

    key: str
    via: str
    drafts: list[EnvelopeDraft]
    """What it wants; a second one where somebody changes the draft and not the key."""
    begins_at: float
    wait_seconds: float
    owners: tuple[str, ...]
    """The processes that are at it; two where a queue hands a job out twice."""
    cancel_after: float | None = None
    remind_after: float | None = None
    told: set[str] = field(default_factory=set)
    """The envelopes that `send` has told of, by our ids."""
    is_over: bool = False
    """Whether the product is done with it."""
    attempts: int = 0


def pursue(process: Process, wish: Wish) -> Life[None]:
    """Send until it is sent, with the same key each time, as a product does that may die."""
    yield from process.sleep(max(wish.begins_at - process.world.clock.seconds, 0.0))
    refused: set[int] = set()
    place = 0
    while not wish.is_over and wish.attempts < _ATTEMPTS:
        wish.attempts += 1
        place = _choice(process, wish, place)
        try:
            envelope = yield from _sent(process, wish, wish.drafts[place])
        except KeyReused:
            refused.add(place)
            place = (place + 1) % len(wish.drafts)
            if len(refused) == len(wish.drafts):
                process.world.fail(f"{wish.key}: every draft that was ever sent is refused")
                return
            continue
        except EsignError as error:
            if error.envelope_id is not None and error.outcome is not Outcome.NOT_DONE:
                wish.told.add(error.envelope_id)
        else:
            wish.told.add(envelope.id)
            wish.is_over = envelope.outcome is Outcome.DONE or envelope.is_final
        refused.clear()
        if not wish.is_over:
            yield from process.sleep(process.world.random.choice(_PAUSES))


def _choice(process: Process, wish: Wish, place: int) -> int:
    """Which draft is sent this time: now and then another one under the same key."""
    if len(wish.drafts) > 1 and process.world.random.random() < 0.3:
        return process.world.random.randrange(len(wish.drafts))
    return place


def _sent(process: Process, wish: Wish, draft: EnvelopeDraft) -> Life[Envelope]:
    sending = send(
        process.workspace, draft, via=wish.via, key=wish.key, wait_seconds=wish.wait_seconds
    )
    driver = process.driver
    process.sending += 1
    try:
        return (yield from process.live(sending, moments=process.world.chaos.moments_of_a_send()))
    finally:
        if process.driver is driver:
            process.sending -= 1


def follow_up(process: Process, wish: Wish) -> Life[None]:
    """Remind and call off what was sent, when it is time."""
    deeds: list[tuple[float, Callable[[str], Task[object]]]] = []
    if wish.remind_after is not None:
        remind = wish.begins_at + wish.remind_after
        deeds.append((remind, lambda id_: verbs.remind(process.workspace, id_, None)))
    if wish.cancel_after is not None:
        cancel = wish.begins_at + wish.cancel_after
        deeds.append((cancel, lambda id_: verbs.cancel(process.workspace, id_, "Changed")))
    for at, deed in sorted(deeds, key=lambda each: each[0]):
        if at < process.world.clock.seconds - 86400.0:
            continue
        yield from process.sleep(max(at - process.world.clock.seconds, 0.0))
        yield from _tried(process, wish, deed)


def _tried(process: Process, wish: Wish, deed: Callable[[str], Task[object]]) -> Life[None]:
    """Once for each envelope, and a few times more if it does not work."""
    for envelope_id in sorted(wish.told):
        for _ in range(4):
            try:
                _ = yield from process.live(deed(envelope_id))
                break
            except EnvelopeClosed:
                break
            except EsignError:
                yield from process.sleep(process.world.random.choice(_PAUSES))

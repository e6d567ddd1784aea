"""A person who decides about doubts, after a look at what is really there at the vendor."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from esign_core.engine.simulate import Crash, Life
from esign_core.errors import EsignError
from esign_core.model import Envelope
from esign_core.service.delays import SENDING_SECONDS
from esign_core.service.resolve import resolve
from esign_core.service.send import mark_of
from tests.promises.sim.guards import doubts

if TYPE_CHECKING:
    from tests.promises.sim.process import Process
    from tests.promises.sim.world import World

_HOUR, _DAY = 3600.0, 86400.0
_VISITS = (1.0, 2 * _HOUR, 9 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 6 * _DAY, 9 * _DAY, 34 * _DAY)
"""When somebody looks at the doubts, in seconds from the beginning."""
_PATIENCE = timedelta(hours=12)
LONGEST_DELAY = timedelta(seconds=SENDING_SECONDS + 900)
"""Until when what was sent may turn up at a vendor, by what vendors are known for."""


def person(world: World) -> Life[None]:
    """Somebody who comes by, and decides about some of the doubts that there are."""
    for at in _VISITS:
        yield max(at - world.clock.seconds, 0.0)
        process = world.alive()
        if process is None:
            continue
        try:
            for envelope in process.journal.read(doubts):
                yield from _decided(process, envelope)
        except Crash:
            continue


def _decided(process: Process, envelope: Envelope) -> Life[None]:
    decision = _decision(process.world, envelope)
    if not decision:
        return
    process.world.note(f"a person: {envelope.id} {decision}")
    try:
        _ = yield from process.live(resolve(process.workspace, envelope.id, **decision))
    except EsignError as error:
        process.world.note(f"refused: {error}")


def _decision(world: World, envelope: Envelope) -> dict[str, Any]:
    """What is right; nothing where that cannot be known yet, or now and then anyway."""
    if world.random.random() < 0.2:
        return {}
    account = world.accounts[envelope.connection]
    mark = mark_of(envelope.id)
    there = account.site.marked(mark)
    if there:
        return _found(world, envelope, there[0])
    if account.may_still_make(mark):
        return {}
    return {"resend": True} if world.random.random() < 0.7 else {"abandon": True}


def _found(world: World, envelope: Envelope, remote_id: str) -> dict[str, Any]:
    """It is there: mostly somebody waits until it should have been found without them."""
    assert envelope.created_at is not None
    is_new = world.now() - envelope.created_at < _PATIENCE
    if is_new and world.random.random() < 0.8:
        return {}
    made_at = world.accounts[envelope.connection].site.made_at(remote_id)
    if not is_new and made_at - envelope.created_at < LONGEST_DELAY:
        world.fail(f"{envelope.id}: a person had to find {remote_id}, which was there in time")
    return {"adopt": remote_id}

"""Worlds without one of the protections: what the naive ways do, in the same trouble.

They are the controls of the simulation. One that finds no double send in them would find none
anywhere.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from esign_core.engine import Exchange
from esign_core.engine.effects import Effect
from esign_core.engine.simulate import Crash, Life, SimulatedDriver
from esign_core.errors import EsignError, Outcome
from esign_core.journal import Transaction
from esign_core.model import Envelope
from esign_core.service.looking import look_for

if TYPE_CHECKING:
    from tests.promises.sim.process import Process
    from tests.promises.sim.world import World

_EVERY_SECONDS = 300.0
_DAY = 86400.0


class Guard(StrEnum):
    """A protection that can be taken away."""

    INTENT = "intent"
    """What was being sent when a process died stays taken. Without: the next one forgets it."""
    REPEAT = "repeat"
    """What may have asked somebody to sign is not repeated. Without: all is, that broke."""
    SEARCH = "search"
    """An empty search proves nothing. Without: what is not found was not sent."""


class Repeating(SimulatedDriver):
    """Repeats whatever request came to nothing."""

    def _performed(self, effect: Effect) -> Life[Any]:
        if isinstance(effect, Exchange):
            effect = replace(effect, is_repeatable=True)
        return super()._performed(effect)


def forget(tx: Transaction) -> None:
    """Free the keys of all that nobody knows the outcome of."""
    for envelope in doubts(tx):
        _ = tx.envelopes.settle(envelope, Outcome.NOT_DONE)


def searching(world: World) -> Life[None]:
    """Somebody who takes what is not found for not sent, and frees its key at once."""
    while world.clock.seconds < _DAY:
        yield _EVERY_SECONDS
        process = world.alive()
        if process is None:
            continue
        try:
            for envelope in process.journal.read(doubts):
                yield from _searched(process, envelope)
        except (Crash, EsignError):
            continue


def doubts(tx: Transaction) -> list[Envelope]:
    """What nobody knows the outcome of, and nobody has given up."""
    return [each for each in tx.envelopes.list(outcome=Outcome.UNCERTAIN) if each.is_in_doubt]


def _searched(process: Process, envelope: Envelope) -> Life[None]:
    session = process.workspace.session(envelope.connection)
    found = yield from process.live(look_for(session, envelope))
    if found is None:
        _ = process.journal.write(lambda tx: tx.envelopes.settle(envelope, Outcome.NOT_DONE))

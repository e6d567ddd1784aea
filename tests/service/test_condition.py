from __future__ import annotations

from typing import TYPE_CHECKING

from esign_core.service import Condition
from esign_core.service.condition import condition
from esign_core.service.resolve import resolve
from esign_core.testing import Fault

if TYPE_CHECKING:
    from tests.service.conftest import World


def _condition(world: World) -> Condition:
    return world.run(condition(world.workspace))


def test_condition_of_an_empty_journal_is_nothing(world: World) -> None:
    """Asking makes the journal, and leaves nothing in it."""
    assert _condition(world) == Condition(0, 0, 0, 0, 0)
    assert world.events() == []


def test_condition_tells_what_a_person_should_look_at(world: World) -> None:
    """Doubts and what nobody does show after a minute; a decision and a worker end both."""
    world.vendor.fail(Fault.REQUEST_LOST)
    _ = world.failed()
    assert _condition(world).uncertain == 0  # it may still be on its way
    world.clock.pass_time(3600)
    seen = _condition(world)
    assert (seen.uncertain, seen.work_due, seen.work_overdue) == (1, 1, 1)
    envelope = world.all()[0]
    _ = world.run(resolve(world.workspace, envelope.id, abandon=True))
    _ = world.work()
    seen = _condition(world)
    assert (seen.uncertain, seen.work_due, seen.work_overdue) == (0, 0, 0)
    assert seen.last_seq == len(world.events()) > 0

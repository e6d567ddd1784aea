"""A world of several processes: everybody takes turns, and one that dies takes nobody along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esign_core.engine import Exchange, MemoryBudgets, Task, WireRequest, sleep, transact
from esign_core.engine.effects import exchange
from esign_core.engine.simulate import Crash, Life, Schedule, SimulatedDriver, VirtualClock
from esign_core.errors import EsignError, Unavailable
from esign_core.provider import Limit, Response


class Line:
    """A vendor that answers everything, and remembers when it was asked."""

    def __init__(self, clock: VirtualClock, failure: EsignError | None = None) -> None:
        self.clock = clock
        self.failure = failure
        self.asked_at: list[float] = []

    def exchange(self, *_: object, **__: object) -> Response:
        self.asked_at.append(self.clock.seconds)
        if self.failure is not None:
            raise self.failure
        return Response(200)


def asking(line: Line, limits: tuple[Limit, ...] = ()) -> Exchange:
    """A request over a line."""
    request = WireRequest("GET", "https://acme.invalid/", {})
    return Exchange(
        line,  # type: ignore[arg-type]  # it needs no more than this
        request,
        lambda _: Unavailable("down"),
        MemoryBudgets(),
        limits,
    )


def ticking(told: list[float], clock: VirtualClock, pause: float, times: int) -> Life[None]:
    """A life of some moments."""
    for _ in range(times):
        told.append(clock.seconds)
        yield pause


def kept(answers: list[object], life: Life[object]) -> Life[None]:
    """A life whose end is written down."""
    try:
        answers.append((yield from life))
    except (EsignError, Crash) as error:
        answers.append(type(error))


def test_whoever_is_due_first_goes_on() -> None:
    """Lives that begin at different times, and pause differently, meet on one clock."""
    schedule = Schedule(VirtualClock())
    often: list[float] = []
    rarely: list[float] = []
    schedule.begin(ticking(often, schedule.clock, 1.0, 4))
    schedule.begin(ticking(rarely, schedule.clock, 10.0, 2), after_seconds=2.5)
    schedule.run()
    assert often == [0, 1, 2, 3]
    assert rarely == [2.5, 12.5]
    assert schedule.clock.seconds == 22.5


def test_run_stops_at_a_time_and_goes_on_from_there() -> None:
    """What is due later waits for the next run; the clock stands where it was told to."""
    schedule = Schedule(VirtualClock())
    told: list[float] = []
    turn = schedule.begin(ticking(told, schedule.clock, 3.0, 3))
    schedule.run(until_seconds=4)
    assert (told, schedule.clock.seconds, turn.is_over) == ([0, 3], 4, False)
    schedule.run()
    assert (told, turn.is_over) == ([0, 3, 6], True)


def test_who_sleeps_can_be_woken_and_never_put_off() -> None:
    """Once, at the sooner time; whoever is at its end stays there."""
    schedule = Schedule(VirtualClock())
    told: list[float] = []
    turn = schedule.begin(ticking(told, schedule.clock, 100.0, 3))
    schedule.run(until_seconds=10)
    schedule.hasten(turn, after_seconds=5)
    schedule.hasten(turn, after_seconds=7)
    schedule.run()
    assert told == [0, 15, 115]
    schedule.hasten(turn)
    schedule.run()
    assert told == [0, 15, 115]


def test_an_error_ends_the_run_and_nothing_else() -> None:
    """Whoever raised is over; the others can go on."""
    schedule = Schedule(VirtualClock())
    told: list[float] = []

    def fails() -> Life[None]:
        yield 1.5
        raise ValueError("no")

    failing = schedule.begin(fails())
    schedule.begin(ticking(told, schedule.clock, 1.0, 4))
    with pytest.raises(ValueError, match="no"):
        schedule.run()
    assert (told, failing.is_over) == ([0, 1], True)
    schedule.run()
    assert told == [0, 1, 2, 3]


def test_a_life_can_begin_others_and_knows_its_own_turn() -> None:
    """So the world can grow while it lives."""
    schedule = Schedule(VirtualClock())
    told: list[float] = []
    seen: list[object] = []

    def mother() -> Life[None]:
        yield 5
        seen.append(schedule.at_it)
        schedule.begin(ticking(told, schedule.clock, 1.0, 2), after_seconds=1)

    turn = schedule.begin(mother())
    schedule.run()
    assert (told, seen, schedule.at_it) == ([6, 7], [turn], None)


def steps(told: list[str], name: str) -> Task[str]:
    """A task of five steps of the database."""
    for number in range(5):
        yield from transact(lambda number=number: told.append(f"{name}{number}"))  # type: ignore[misc]
    return name


@pytest.mark.parametrize("moments", range(10))
def test_a_process_that_dies_goes_no_further_and_the_others_do(moments: int) -> None:
    """At whatever moment it dies, all its tasks stop where they are; its neighbour ends well."""
    schedule = Schedule(VirtualClock())
    told: list[str] = []
    answers: dict[str, list[object]] = {"dies": [], "lives": []}
    dying, living = (SimulatedDriver(seed, schedule.clock) for seed in (1, 2))

    def death() -> Life[None]:
        for _ in range(moments):
            yield 0.015
        dying.die()
        told.append("dead")

    schedule.begin(death())
    for name in "ab":
        schedule.begin(kept(answers["dies"], dying.life(steps(told, name))))
    schedule.begin(kept(answers["lives"], living.life(steps(told, "c"))))
    schedule.run()
    assert answers == {"dies": [Crash, Crash], "lives": ["c"]}
    after = told[told.index("dead") + 1 :]
    assert after == [f"c{i}" for i in range(5 - len(after), 5)]


def test_a_request_may_be_anywhere_when_its_process_dies() -> None:
    """Before it left, on its way, or with its answer on the way back: all of it happens."""
    asked = set()
    for seed in range(30):
        schedule = Schedule(VirtualClock())
        driver = SimulatedDriver(seed, schedule.clock)
        line = Line(schedule.clock)
        answers: list[object] = []
        schedule.begin(kept(answers, driver.life(exchange(asking(line)))))
        schedule.run(until_seconds=0.06)
        driver.die()
        asked.add(len(line.asked_at))
        schedule.run()
        assert answers == [Crash]
        assert len(line.asked_at) in asked, "a dead process asked the vendor"
    assert asked == {0, 1}


@pytest.mark.parametrize("failure", [None, Unavailable("silent")])
def test_the_line_may_be_slow(failure: EsignError | None) -> None:
    """There and back again take as long as the world says; an error is no quicker."""
    schedule = Schedule(VirtualClock())
    driver = SimulatedDriver(1, schedule.clock, travel_seconds=lambda: 20.0)
    line = Line(schedule.clock, failure)
    answers: list[object] = []
    schedule.begin(kept(answers, driver.life(exchange(asking(line)))))
    schedule.run()
    assert 20 <= line.asked_at[0] < 21
    assert 40 <= schedule.clock.seconds < 41
    assert isinstance(answers[0], Response) if failure is None else answers == [Unavailable]


def test_a_dead_process_holds_its_slot_no_longer_than_a_window() -> None:
    """What it held in its memory is gone with it; a new process has budgets of its own."""
    schedule = Schedule(VirtualClock())
    line = Line(schedule.clock)
    limits = (Limit("x", 1, 60.0),)

    def run(driver: SimulatedDriver, after: Callable[[], None] | None = None) -> None:
        schedule.begin(kept([], driver.life(exchange(asking(line, limits)))))
        schedule.run(until_seconds=schedule.clock.seconds + 1)
        if after is not None:
            after()

    first = SimulatedDriver(1, schedule.clock)
    run(first, first.die)
    run(SimulatedDriver(2, schedule.clock))
    assert len(line.asked_at) == 2


def test_sleep_ends_with_the_process() -> None:
    """Who sleeps when it dies does not wake up to anything."""
    schedule = Schedule(VirtualClock())
    driver = SimulatedDriver(1, schedule.clock)
    answers: list[object] = []
    schedule.begin(kept(answers, driver.life(sleep(3600))))
    schedule.run(until_seconds=10)
    driver.die()
    schedule.run()
    assert answers == [Crash]

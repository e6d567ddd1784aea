"""The simulated world: time, order and death by a seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from esign_core.engine import (
    Exchange,
    MemoryBudgets,
    SavedFile,
    Task,
    WireRequest,
    exclusive,
    sleep,
    transact,
)
from esign_core.engine.effects import SaveObject, exchange, save
from esign_core.engine.simulate import EPOCH, Crash, SimulatedDriver, VirtualClock
from esign_core.errors import EsignError, RateLimited, Refused, Unavailable
from esign_core.provider import Limit, ObjectDownload, Response

SEEDS = range(20)


class Line:
    """A vendor inside the world: what it answers, and when it was asked."""

    def __init__(self, clock: VirtualClock, *answers: int | EsignError) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.asked_at: list[float] = []

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        self.asked_at.append(self.clock.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, EsignError):
            raise answer
        return Response(answer)

    def save(self, request: WireRequest, to: Path) -> SavedFile:
        return SavedFile(to, 17, "")

    async def exchange_async(self, *_arguments: Any, **_options: Any) -> Response:
        raise AssertionError("nobody asks for this here")

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


def explain(response: Response) -> EsignError:
    """429 asks for ten seconds, 503 for patience."""
    if response.status == 429:
        return RateLimited("slowly", retry_after_seconds=10)
    return Unavailable("down") if response.status >= 500 else Refused("no")


def effect(line: Line, **options: Any) -> Exchange:
    """One request over a line."""
    options = {"is_repeatable": True, "budgets": MemoryBudgets(), **options}
    return Exchange(line, WireRequest("GET", "https://acme.invalid/", {}), explain, **options)


def test_time_is_virtual() -> None:
    """A year passes at once, and the clock says so."""
    driver = SimulatedDriver()
    driver.run(sleep(365 * 86400.0))
    assert timedelta(days=365) <= driver.clock.now() - EPOCH < timedelta(days=365, seconds=1)
    driver.clock.pass_time(60)
    assert driver.clock.now() - EPOCH > timedelta(days=365, seconds=59)


def test_retries_take_their_time() -> None:
    """What a vendor asks for passes in this world as in life, and so do our own pauses."""
    driver = SimulatedDriver()
    line = Line(driver.clock, 429, 503, Unavailable("silent"), 200)
    assert driver.run(exchange(effect(line))).status == 200
    first, second, third, fourth = line.asked_at
    assert 10 <= second - first < 11
    assert 0.25 <= third - second < 1
    assert 0.5 <= fourth - third < 2


def test_what_may_not_be_repeated_is_not() -> None:
    """As in life."""
    driver = SimulatedDriver()
    line = Line(driver.clock, 503, 200)
    with pytest.raises(Unavailable):
        driver.run(exchange(effect(line, is_repeatable=False)))
    assert len(line.asked_at) == 1


def test_a_vendor_that_stays_down_is_given_up() -> None:
    """After as many attempts as in life; and at once if it asks for more than the deadline."""
    driver = SimulatedDriver()
    line = Line(driver.clock, 503)
    with pytest.raises(Unavailable):
        driver.run(exchange(effect(line)))
    assert len(line.asked_at) == 5
    impatient = Line(driver.clock, RateLimited("slowly", retry_after_seconds=91))
    with pytest.raises(RateLimited):
        driver.run(exchange(effect(impatient)))
    assert len(impatient.asked_at) == 1


def test_limits_hold_in_virtual_time() -> None:
    """Nine requests, three a minute: two minutes and more, and no window with more than three."""
    driver = SimulatedDriver()
    line = Line(driver.clock, 200)
    shared = effect(line, limits=(Limit("x", 3, 30.0),))
    driver.run_together([exchange(shared) for _ in range(9)])
    assert len(line.asked_at) == 9
    assert all(b - a >= 30 for a, b in zip(line.asked_at, line.asked_at[3:], strict=False))
    assert driver.clock.seconds > 60


def counting(told: list[str], name: str, steps: int = 5) -> Task[str]:
    """A task that tells of each of its steps."""
    for number in range(steps):
        yield from transact(lambda number=number: told.append(f"{name}{number}"))  # type: ignore[misc]
    return name


def orders() -> set[tuple[str, ...]]:
    """In which orders two tasks ran, over some seeds."""
    found = set()
    for seed in SEEDS:
        told: list[str] = []
        driver = SimulatedDriver(seed)
        assert driver.run_together([counting(told, "a"), counting(told, "b")]) == ["a", "b"]
        assert [each for each in told if each[0] == "a"] == [f"a{i}" for i in range(5)]
        found.add(tuple(told))
    return found


def test_tasks_take_turns_by_the_seed() -> None:
    """Each in its own order, together in many, and the same for the same seed."""
    assert len(orders()) > len(SEEDS) / 2
    assert orders() == orders()


def test_the_same_seed_gives_the_same_trace() -> None:
    """To the millisecond, retries and limits and all; another seed gives another."""

    def world(seed: int) -> list[str]:
        driver = SimulatedDriver(seed)
        line = Line(driver.clock, 503, 429, 200)
        shared = effect(line, limits=(Limit("x", 2, 5.0),))
        tasks: list[Task[Any]] = [exchange(shared) for _ in range(4)]
        driver.run_together([*tasks, sleep(3), counting([], "a")])
        return driver.trace

    assert all(world(seed) == world(seed) for seed in SEEDS)
    assert len({tuple(world(seed)) for seed in SEEDS}) == len(SEEDS)


def test_a_task_that_sleeps_holds_nobody_up() -> None:
    """Others run on while one sleeps or waits for its next attempt."""
    driver = SimulatedDriver()
    ended_at: dict[str, float] = {}

    def end(name: str, task: Task[Any]) -> Task[None]:
        yield from task
        ended_at[name] = driver.clock.seconds

    line = Line(driver.clock, 429, 200)
    driver.run_together(
        [
            end("sleeps", sleep(100)),
            end("retries", exchange(effect(line))),
            end("runs", counting([], "a")),
        ]
    )
    assert ended_at["runs"] < 1
    assert 10 < ended_at["retries"] < 11
    assert 100 < ended_at["sleeps"] < 101


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_of_one_name_take_turns(seed: int) -> None:
    """While one is inside, the others wait; also after one that fails."""
    inside: list[str] = []
    told: list[str] = []

    def alone(name: str) -> Callable[[], Task[None]]:
        def task() -> Task[None]:
            yield from transact(lambda: inside.append(name))
            yield from sleep(1)
            assert inside == [name]
            yield from transact(inside.clear)
            told.append(name)
            raise ValueError(name)

        return task

    def caught(name: str) -> Task[None]:
        with pytest.raises(ValueError, match=name):
            yield from exclusive("x", alone(name))

    SimulatedDriver(seed).run_together([caught(name) for name in "abc"])
    assert sorted(told) == ["a", "b", "c"]


def test_a_crash_ends_everything_before_the_nth_effect() -> None:
    """For every n: what was done before it is done, and nothing after; no task can catch it."""
    for n in range(1, 12):
        told: list[str] = []
        driver = SimulatedDriver(crash_at=n)

        def stubborn(told: list[str] = told) -> Task[str]:
            try:
                return (yield from counting(told, "a", 10))
            except Exception:
                told.append("caught")
                raise

        if n == 11:
            assert driver.run(stubborn()) == "a"
        else:
            with pytest.raises(Crash, match=str(n)):
                driver.run(stubborn())
        assert told == [f"a{i}" for i in range(min(n - 1, 10))]


def test_effects_inside_an_exclusive_one_count() -> None:
    """A crash can come there as well."""
    driver = SimulatedDriver(crash_at=3)
    with pytest.raises(Crash):
        driver.run(exclusive("x", lambda: counting([], "a")))
    assert [line.split()[1] for line in driver.trace] == ["Exclusive", "Transact", "Transact"]


def test_files_are_brought_over_too(tmp_path: Path) -> None:
    """From the vendor in the world, and from a bucket."""
    import obstore

    driver = SimulatedDriver()
    line = Line(driver.clock, 200)
    assert driver.run(save(effect(line, save_to=tmp_path / "a"))).size == 17
    download = ObjectDownload("memory://", "k")
    obstore.put(driver.buckets.store(download), "k", b"%PDF-1.7")
    assert driver.run(save(SaveObject(download, tmp_path / "b"))).size == 8


@pytest.mark.parametrize("wrong", [17, None])
def test_what_is_no_task_or_no_effect_is_refused_by_name(wrong: Any) -> None:
    """As in life."""

    def task() -> Any:
        yield wrong

    with pytest.raises(TypeError, match="is no task"):
        SimulatedDriver().run(wrong)
    with pytest.raises(TypeError, match="is no effect"):
        SimulatedDriver().run(task())


def test_the_first_error_ends_the_world() -> None:
    """What a task raises comes out; the others go no further."""
    told: list[str] = []

    def fails() -> Task[None]:
        yield from sleep(0.2)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        SimulatedDriver().run_together([fails(), counting(told, "a", 100)])
    assert len(told) < 100

"""The table of promises: which tests hold each, what came of them, and where one is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.promises.page import Promise


class Result(StrEnum):
    """What came of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Ran:
    """One test, and what it has to do with promises."""

    test: str
    """Its file and name, the same for all of its parameters."""
    result: Result
    holds: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset()
    """Of which promises it is a negative control: the naive way, shown to break them."""
    databases: frozenset[str] = frozenset()


@dataclass
class Row:
    """A promise, and all that was run for it."""

    promise: Promise
    tests: dict[str, Counter[Result]] = field(default_factory=dict)
    controls: dict[str, Counter[Result]] = field(default_factory=dict)
    databases: dict[str, Counter[Result]] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Whether at least one test passed, and none that has to do with it failed."""
        tests = self._count(self.tests)
        has_failed = tests[Result.FAILED] or self._count(self.controls)[Result.FAILED]
        return bool(tests[Result.PASSED]) and not has_failed

    def lines(self) -> Iterator[str]:
        """The row as people read it, with the tests below it."""
        told = [_counted(self._count(self.tests)) or "NO TEST"]
        controls = self._count(self.controls)[Result.PASSED]
        told += [f"{controls} negative control{'s' * (controls != 1)}"] if controls else []
        told += [f"{name}: {_counted(count)}" for name, count in sorted(self.databases.items())]
        yield f"{self.promise.id:<4} {'' if self.is_held else 'NOT HELD  '}{self.promise.short}"
        yield f"     {'; '.join(told)}"
        for test, count in sorted(self.tests.items()):
            yield f"       {test}  {_counted(count)}"
        for test, count in sorted(self.controls.items()):
            yield f"       {test}  {_counted(count)}, negative control"

    @staticmethod
    def _count(tests: Mapping[str, Counter[Result]]) -> Counter[Result]:
        return sum(tests.values(), Counter())


def table(promises: Mapping[str, Promise], ran: Iterable[Ran]) -> list[Row]:
    """A row for each promise, in their order."""
    rows = {id_: Row(promise) for id_, promise in promises.items()}
    for each in ran:
        for id_ in each.holds:
            _add(rows[id_].tests, each.test, each.result)
            for name in each.databases:
                _add(rows[id_].databases, name, each.result)
        for id_ in each.breaks:
            _add(rows[id_].controls, each.test, each.result)
    return list(rows.values())


def verdict(rows: Iterable[Row]) -> tuple[bool, str]:
    """Whether every promise is held, and that in a sentence."""
    rows = list(rows)
    missing = [row.promise.id for row in rows if not row.is_held]
    if missing:
        return False, f"NOT HELD: {', '.join(missing)} ({len(missing)} of {len(rows)} promises)."
    return True, f"All {len(rows)} promises are held."


def _add(tests: dict[str, Counter[Result]], name: str, result: Result) -> None:
    tests.setdefault(name, Counter())[result] += 1


def _counted(count: Counter[Result]) -> str:
    return ", ".join(f"{count[result]} {result}" for result in Result if count[result])

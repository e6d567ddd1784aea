"""What the journal takes: one event, a hundred at once, and what is there already."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from esign_core import Esign
from esign_core.engine.effects import Transact
from esign_core.service.receive import receive
from tests.bench.ledger import CONNECTION, Delivery, deliveries, product
from tests.bench.row import Row

_SINGLES = 300
_BATCHES = 40
_HUNDRED = 100
_ROUNDS = 5


def rows() -> Iterator[Row]:
    """On a file, synced with each commit, beside what the disk itself can do."""
    count = _SINGLES * _ROUNDS + _BATCHES * _HUNDRED
    with product(count // 10 + 1) as esign:
        fresh = deliveries(count)
        singles, syncs = [], []
        for _ in range(_ROUNDS):
            syncs.append(_rate(_SINGLES, _append_and_sync(_folder(esign))))
            share = [next(fresh) for _ in range(_SINGLES)]
            singles.append(_rate(_SINGLES, _one_by_one(esign, share)))
        floor, single = median(syncs), median(singles)
        yield Row(
            "single durable event",
            f"{single:,.0f}/s",
            f"4 KiB append + fdatasync: {floor:,.0f}/s",
            single / floor,
            "0.5 x",
            single >= 0.5 * floor,
        )
        batches = [[next(fresh) for _ in range(_HUNDRED)] for _ in range(_BATCHES)]
        pieces = [[_piece(esign, each) for each in batch] for batch in batches]
        before = esign.condition().last_seq
        seconds = _seconds(_together(esign, pieces))
        events = esign.condition().last_seq - before
        yield Row(
            "durable batches of 100",
            f"{events / seconds:,.0f} events/s",
            f"4 KiB append + fdatasync: {floor:,.0f}/s",
            events / seconds / floor,
            "25,000/s",
            events / seconds >= 25_000,
        )
        again = [each for batch in pieces for each in batch]
        rate = len(again) / _seconds(_together(esign, [again]))
        yield Row(
            "repeated delivery, in batches",
            f"{rate:,.0f}/s",
            f"4 KiB append + fdatasync: {floor:,.0f}/s",
            rate / floor,
            "50,000/s",
            rate >= 50_000,
        )


def _piece(esign: Esign, delivery: Delivery) -> Any:
    """What a delivery, verified and read, wants written."""
    task = receive(esign._workspace, CONNECTION, delivery.request)
    effect = next(task)
    assert isinstance(effect, Transact)
    return effect.piece


def _together(esign: Esign, batches: Sequence[Sequence[Any]]) -> Callable[[], None]:
    journal = esign._workspace.journal

    def written() -> None:
        for batch in batches:
            _ = journal.write_all(batch)

    return written


def _one_by_one(esign: Esign, share: Sequence[Delivery]) -> Callable[[], None]:
    def taken() -> None:
        for each in share:
            _ = esign.receive(CONNECTION, each.request)

    return taken


def _append_and_sync(folder: Path) -> Callable[[], None]:
    block = bytes(4096)

    def synced() -> None:
        file = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for _ in range(_SINGLES):
            _ = os.write(file, block)
            os.fdatasync(file)
        os.close(file)

    return synced


def _folder(esign: Esign) -> Path:
    return Path(esign._workspace.journal.url.removeprefix("sqlite:///")).parent


def _rate(count: int, work: Callable[[], None]) -> float:
    return count / _seconds(work)


def _seconds(work: Callable[[], None]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

"""Calling off destroys nothing that has ended, whatever was done before, and in whatever order.

The product may know less than the vendor: deliveries are late or lost, and its own requests come
to nothing. So each adapter looks before it calls anything off. The naive way, which goes by what
the journal says, destroys signed contracts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from esign_core.errors import EnvelopeClosed, EsignError
from esign_core.journal import Journal
from esign_core.model import EnvelopeStatus, Snapshot
from esign_core.provider import Flow
from esign_core.sandbox import Act
from esign_penvio import PenvioProvider
from tests.databases import fresh
from tests.promises.sim.chaos import Trouble
from tests.promises.sim.sites import VENDORS
from tests.promises.state.office import PEOPLE, Office

_MINUTE, _DAYS = 60.0, 3 * 86400.0
_ACTS = [*Act, Act.DECLINE]  # whoever has declined does nothing more
_TROUBLES = [None, None, Trouble.REQUEST_LOST, Trouble.ANSWER_LOST]
_MOST = 3
"""How many envelopes there are in a life at the most."""
_REFUSE_THEMSELVES = frozenset({"penvio"})
"""Vendors that do not call off what is completed. With the others, a signature between the look
and the deletion is lost: no call of theirs prevents it, and their pages say so."""
EXAMPLES = {"sqlite": 20, "postgresql": 3}
"""How many lives."""


class CallingOff(RuleBasedStateMachine):
    """A product, its people and its vendor, one step after the other."""

    envelopes: Bundle[str] = Bundle("envelopes")

    def __init__(
        self, via: str, opened: Callable[[ExitStack], Journal], *, is_naive: bool = False
    ) -> None:
        super().__init__()
        self._via = via
        self._closing = ExitStack()
        self._journal = opened(self._closing)
        self._is_naive = is_naive
        self._ends: dict[str, EnvelopeStatus] = {}
        """How each envelope stood in the journal when it was final there."""

    @initialize(target=envelopes, seed=st.integers(0, 9), people=st.integers(1, len(PEOPLE)))
    def begin(self, seed: int, people: int) -> str:
        """The vendor behaves as the seed says where its documents leave it open."""
        self._office = Office(self._journal, seed)
        return self._office.send(self._via, people).id

    @precondition(lambda self: len(self._office.all()) < _MOST)
    @rule(target=envelopes, people=st.integers(1, len(PEOPLE)))
    def send(self, people: int) -> str:
        """The product sends, and waits until the vendor has made it."""
        return self._office.send(self._via, people).id

    @rule(envelope=envelopes, act=st.sampled_from(_ACTS), is_called_off=st.booleans())
    def somebody_acts(self, envelope: str, act: Act, *, is_called_off: bool) -> None:
        """Whose turn it is; and right after that it may be called off."""
        desk, remote_id = self._office.place(self._office.all()[envelope])
        desk.next_signer_does(remote_id, act)
        if is_called_off:
            self.call_off(envelope, None, is_raced=False)

    @rule(envelope=envelopes, is_called_off=st.booleans())
    def everybody_signs(self, envelope: str, *, is_called_off: bool) -> None:
        """Whoever has not yet; and right after that it may be called off."""
        desk, remote_id = self._office.place(self._office.all()[envelope])
        desk.everybody_signs(remote_id)
        if is_called_off:
            self.call_off(envelope, None, is_raced=False)

    @rule(seconds=st.sampled_from([1.0, 1.0, _MINUTE, _MINUTE, _DAYS]))
    def time_passes(self, seconds: float) -> None:
        """Documents are made, and envelopes expire."""
        self._office.let_pass(seconds)

    @rule(place=st.integers(0, 9), is_lost=st.booleans())
    def hear(self, place: int, *, is_lost: bool) -> None:
        """Some delivery arrives, or never will."""
        made = self._office.desks[self._via].made
        if place < len(made):
            delivery = made.pop(place)
            if not is_lost:
                self._office.hear(self._via, delivery)

    @rule(envelope=envelopes)
    def look(self, envelope: str) -> None:
        """The product asks how it stands, and then knows."""
        desk, remote_id = self._office.place(self._office.all()[envelope])
        after = self._office.look(envelope)
        ends = desk.ends(remote_id)
        if ends and after.status is not EnvelopeStatus.FINALIZING:  # its files are still to come
            assert [after.status] == ends
        assert ends or not after.is_final

    @rule(is_new=st.booleans())
    def work(self, *, is_new: bool) -> None:
        """A worker does what is due; perhaps one that has just been started."""
        if is_new:
            self._office.begin_anew()
        self._office.work()

    @rule(envelope=envelopes, trouble=st.sampled_from(_TROUBLES), is_raced=st.booleans())
    def call_off(self, envelope: str, trouble: Trouble | None, *, is_raced: bool) -> None:
        """It is called off where it is open; where it is over, that is told.

        The request may come to nothing; or, where the vendor itself refuses then, too late.
        """
        known = self._office.all()[envelope]
        desk, remote_id = self._office.place(known)
        if self._is_naive and known.is_final:
            return
        desk.trouble = trouble
        desk.raced = remote_id if is_raced and known.connection in _REFUSE_THEMSELVES else None
        was_over = desk.is_over(remote_id)
        try:
            after = self._office.call_off(envelope)
        except EnvelopeClosed:
            assert was_over or desk.is_over(remote_id), "what is open was said to be over"
        except EsignError:
            assert trouble is not None
        else:
            assert not was_over, f"{desk.happened(remote_id)} was called off"
            assert after.status is EnvelopeStatus.CANCELLED
        desk.trouble = desk.raced = None

    @invariant()
    def what_has_ended_stays_as_it_is(self) -> None:
        """At the vendor, by its ledger, and in the journal."""
        for envelope in self._office.all().values():
            desk, remote_id = self._office.place(envelope)
            ends = desk.ends(remote_id)
            assert len(ends) <= 1, f"it ended as {' and then as '.join(ends)}"
            if desk.is_signed(remote_id) and ends != ["completed"]:
                assert not ends, f"everybody had signed, and then it was {ends[0]}"
            if envelope.is_final:
                assert [envelope.status] == ends
                assert envelope.status is self._ends.setdefault(envelope.id, envelope.status)

    def teardown(self) -> None:
        """The journal is closed."""
        self._closing.close()


def calling_off(
    via: str, opened: Callable[[ExitStack], Journal], *, is_naive: bool = False
) -> type[CallingOff]:
    """The machine for one vendor and one way of doing it."""

    class Here(CallingOff):
        def __init__(self) -> None:
            super().__init__(via, opened, is_naive=is_naive)

    return Here


def in_database(database: str, folder: Path) -> Callable[[ExitStack], Journal]:
    """Journals, a new one for each life: in memory, or in a schema of its own."""

    def opened(closing: ExitStack) -> Journal:
        url = "sqlite://"
        if database != "sqlite":
            url = closing.enter_context(fresh(database, folder))
        journal = Journal(url)
        _ = closing.callback(journal.close)
        return journal

    return opened


def live(machine: type[RuleBasedStateMachine], examples: int) -> None:
    """So many lives, the same ones each time; one that fails is told step by step, as it is."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],  # making it shorter would take minutes
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.mark.promise("S8")
@pytest.mark.parametrize("via", VENDORS)
def test_calling_off_destroys_nothing(via: str, database: str, tmp_path: Path) -> None:
    """Whatever happened before: what is open ends, what is over stays, and the journal says so."""
    opened = in_database(database, tmp_path)
    live(calling_off(via, opened), EXAMPLES[database])


@pytest.mark.negative_control("S8")
@pytest.mark.parametrize("via", VENDORS)
def test_going_by_the_journal_destroys(
    via: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever does not look at the vendor, however much the journal knows, destroys contracts."""
    if via == "penneo":
        monkeypatch.setattr("esign_penneo.calling_off.expect_stoppable", lambda snapshot: None)
    else:
        monkeypatch.setattr(PenvioProvider, "cancel", _without_a_look)
    opened = in_database("sqlite", tmp_path)
    with pytest.raises(AssertionError, match=r"destroyed|called off"):
        live(calling_off(via, opened, is_naive=True), 10 * EXAMPLES["sqlite"])


def _without_a_look(
    self: PenvioProvider, remote_id: str, *, reason: str | None = None
) -> Flow[Snapshot]:
    _ = yield self.post(f"/esign/envelopes/{remote_id}/cancel", json={"reason": reason})
    return (yield from self.fetch(remote_id))

"""One exchange, from its first attempt to its last; what is the same in every driver."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

from esign_core.engine.effects import Exchange, SavedFile
from esign_core.engine.limits import (
    AT_VENDOR_SECONDS,
    START_SECONDS,
    UPLOAD_SECONDS,
    Ticket,
    Told,
    told_of,
)
from esign_core.engine.retry import DEADLINE_SECONDS, pause
from esign_core.engine.watch import RequestWatch, Unwatched, tell_again, tell_wait, watch_request
from esign_core.errors import EsignError, NotReady, Outcome, RateLimited, Unavailable
from esign_core.provider import Response

_OK_BELOW = 300
_AT_ONCE_SECONDS = 0.001
"""How long to wait if the time to ask again has come while the answer was on its way."""


class AttemptFailed(Exception):
    """What stamina is told of an error: it hands that to whoever logs retries, words and all."""

    def __init__(self, error: EsignError) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Attempts:
    """How often an exchange was tried, and until when it may be; stamina's hook.

    Args:
        effect: The exchange.
        clock: Seconds on any scale that only goes forward; a virtual one in simulated worlds.
        jitter: A number from 0 to 1.
    """

    def __init__(
        self,
        effect: Exchange,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._effect = effect
        self._clock = clock
        self._jitter = jitter
        self._made = 0
        self._may_be_done = False
        self._until = clock() + min(DEADLINE_SECONDS, effect.patience_seconds)
        self._tickets: list[Ticket] = []  # at most one
        self._told: Told | None = None
        self.first_failure: EsignError | None = None
        """What became of an attempt that was made before stamina counts."""

    def __call__(self, error: Exception) -> bool | float:
        """Seconds to wait after an error before the next attempt; False gives up.

        Who gives up is told of all attempts: a refusal proves nothing of one before it whose
        answer was lost.
        """
        self._made += 1
        if isinstance(error, EsignError) and not self._effect.is_reading:
            self._may_be_done |= error.outcome is not Outcome.NOT_DONE
            if self._may_be_done and error.outcome is Outcome.NOT_DONE:
                error.outcome = Outcome.UNCERTAIN
        if not self._effect.is_repeatable or self._is_too_late():
            return False
        wait = pause(self._made, error, self._until - self._clock(), self._jitter)
        if wait is None:
            return False
        tell_again(self._effect, self._made, error, wait)
        return wait

    def hook(self, error: Exception) -> bool | float:
        """The same, of what stamina is told."""
        return self(error.error if isinstance(error, AttemptFailed) else error)

    def raise_first_failure(self) -> None:
        """Tell stamina of it, as if it had made that attempt: raised once, when it begins."""
        error, self.first_failure = self.first_failure, None
        if error is not None:
            raise AttemptFailed(error)

    def watched(self) -> RequestWatch | Unwatched:
        """What watches over the next attempt."""
        return watch_request(self._effect, self._made + 1)

    def ask(self) -> float:
        """Seconds to wait before asking again for a slot in each budget of the request; 0: go.

        Raises:
            RateLimited: No slot comes free before the deadline.
            Unavailable: It is too late for the request.
            JournalUnusable: Nobody can say which slots are in use. Nothing was sent.
        """
        self._expect_permission()
        if not self._effect.limits:
            return 0.0
        if not self._tickets:
            self._tickets.append(_ticket(self._effect, self._until))
        ticket = self._tickets[0]
        now = self._clock()
        wait = self._effect.budgets.take(ticket, now)
        if not self._tickets:  # the task was called off, while this went on in its thread
            self._return(ticket)
        if now + wait > self._until:
            raise RateLimited(
                f"the vendor's limit is used up; there is room again in {math.ceil(wait)} s.",
                outcome=Outcome.NOT_DONE,
                retry_after_seconds=wait,
            )
        if wait <= 0:
            return 0.0
        tell_wait(self._effect, self._made + 1, wait)
        return max(now + wait - self._clock(), _AT_ONCE_SECONDS)

    def expect_turn(self, ticket: Ticket | None = None) -> None:
        """Do nothing while the request may begin: it may have waited for a thread.

        Raises:
            Unavailable: It is too late, for the request or for the slots that it was given.
        """
        self._expect_permission()
        for each in [ticket] if ticket is not None else self._tickets:
            if self._clock() > each.starts_by:
                raise Unavailable(
                    "the request waited too long for its turn, and its share of the vendor's limit "
                    "has lapsed. Nothing was sent. Look for what holds this process up."
                )

    def perform(self) -> Response | SavedFile:
        """Ask the vendor once, blocking, and give back the slots.

        Raises:
            Unavailable: It is too late; or the task was called off before this began.
            EsignError: What the answer stands for, or what became of the line.
        """
        ticket = self._claimed()
        if ticket is None and self._effect.limits:
            raise Unavailable("the request was called off before it began.")
        try:
            self.expect_turn(ticket)
            return self.exchange()
        finally:
            if ticket is not None:
                self._return(ticket)

    def exchange(self) -> Response | SavedFile:
        """Ask the vendor once, blocking.

        Raises:
            EsignError: What the answer stands for, or what became of the line.
        """
        effect = self._effect
        with self.watched() as watch:
            if effect.save_to is not None:
                answer = watch.answered(effect.line.save(effect.request, effect.save_to))
            else:
                reading, repeatable = effect.is_reading, effect.is_repeatable
                answer = watch.answered(
                    effect.line.exchange(
                        effect.request, is_reading=reading, is_repeatable=repeatable
                    )
                )
        return self.judged(answer)

    def judged(self, answer: Response | SavedFile) -> Response | SavedFile:
        """A good answer; any other becomes the error that it stands for.

        What it says of the vendor's limits is remembered for when the slots are given back.

        Raises:
            EsignError: What the provider makes of the answer.
        """
        effect = self._effect
        if not effect.limits or isinstance(answer, SavedFile):
            return judged(effect, answer)
        allowance = effect.allowance(answer) if effect.allowance is not None else None
        self._told = told_of(effect.limits, allowance) if allowance is not None else None
        try:
            return judged(effect, answer)
        except RateLimited as error:
            if error.retry_after_seconds is not None:  # of the request's narrowest limit
                self._told = Told(effect.limits[-1].name, 0, error.retry_after_seconds)
            raise

    @property
    def has_slots(self) -> bool:
        """Whether there is something to give back."""
        return bool(self._tickets)

    def give_back(self) -> None:
        """The request has come back, or will not be made; `perform` does this itself."""
        ticket = self._claimed()
        if ticket is not None:
            self._return(ticket)

    def _claimed(self) -> Ticket | None:
        """The ticket, for whoever is the first to ask for it: a task, or the thread it has used."""
        try:
            return self._tickets.pop()
        except IndexError:
            return None

    def _return(self, ticket: Ticket) -> None:
        told, self._told = self._told, None
        if ticket.is_out or ticket.is_waiting:
            self._effect.budgets.give_back(ticket, self._clock(), told)

    def _expect_permission(self) -> None:
        if self._effect.permission is not None:
            self._effect.permission.expect()

    def _is_too_late(self) -> bool:
        return self._effect.permission is not None and self._effect.permission.has_lapsed


def _ticket(effect: Exchange, until: float) -> Ticket:
    upload = 0.0 if isinstance(effect.request.body, bytes) else UPLOAD_SECONDS
    arrives_in = START_SECONDS + AT_VENDOR_SECONDS + upload
    return Ticket(effect.limits, until, arrives_in_seconds=arrives_in)


def judged(effect: Exchange, answer: Response | SavedFile) -> Response | SavedFile:
    """A good answer; any other becomes the error that it stands for.

    Raises:
        EsignError: What the provider makes of the answer.
        NotReady: A file was asked for, and the answer is good but has none: 202, 204.
    """
    if isinstance(answer, SavedFile):
        return answer
    if answer.status >= _OK_BELOW:
        raise effect.explain(answer)
    if effect.save_to is not None:
        raise NotReady(
            f"{answer.status}, the vendor has no file to give out (yet).", status_code=answer.status
        )
    return answer

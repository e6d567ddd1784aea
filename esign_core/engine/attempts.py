"""One exchange, from its first attempt to its last; what is the same in every driver."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

from esign_core.engine.effects import Exchange, SavedFile
from esign_core.engine.limits import Ticket
from esign_core.engine.retry import DEADLINE_SECONDS, pause
from esign_core.errors import EsignError, NotReady, Outcome, RateLimited
from esign_core.provider import Response

_OK_BELOW = 300


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
        self._until = clock() + DEADLINE_SECONDS
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
        return False if wait is None else wait

    def raise_first_failure(self) -> None:
        """Tell stamina of it, as if it had made that attempt: raised once, when it begins."""
        error, self.first_failure = self.first_failure, None
        if error is not None:
            raise error

    def take(self) -> Ticket | float:
        """A slot in every budget of the request; or how many seconds to wait and ask again.

        Raises:
            RateLimited: No slot comes free before the deadline.
            Unavailable: It is too late for the request.
        """
        self._expect_permission()
        now = self._clock()
        slot = self._effect.budgets.take(self._effect.limits, now)
        if not isinstance(slot, Ticket) and now + slot > self._until:
            raise RateLimited(
                f"the vendor's limit is used up; there is room again in {math.ceil(slot)} s.",
                outcome=Outcome.NOT_DONE,
                retry_after_seconds=slot,
            )
        return slot

    def perform(self, slot: Ticket) -> Response | SavedFile:
        """Make the request once, blocking, and give back its slot; any status is an answer."""
        effect = self._effect
        try:
            self._expect_permission()  # it may have waited for a thread
            if effect.save_to is not None:
                return effect.line.save(effect.request, effect.save_to)
            return effect.line.exchange(
                effect.request, is_reading=effect.is_reading, is_repeatable=effect.is_repeatable
            )
        finally:
            self.give_back(slot)

    def _expect_permission(self) -> None:
        if self._effect.permission is not None:
            self._effect.permission.expect()

    def _is_too_late(self) -> bool:
        return self._effect.permission is not None and self._effect.permission.has_lapsed

    def give_back(self, slot: Ticket) -> None:
        """The request has come back; if that is said twice, the later time counts."""
        self._effect.budgets.give_back(slot, self._clock())


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

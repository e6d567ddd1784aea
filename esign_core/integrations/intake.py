"""The deliveries that a process has in hand: how much memory they take, and how long they wait.

Whatever is answered 2xx is on disk, so a slow disk makes deliveries wait. How many may wait, how
long, and how much memory they may take, is bounded here. Beyond that a delivery is answered 503
with `Retry-After`, at once and unread: the vendor has it and delivers it again, and memory does
not grow.

How many may wait is found out: 64 at first. Each one that is kept in less than half of the time
that it may take lets one more in, up to `max_in_hand`; one that takes longer than it may halves
it. So as many wait as the disk can keep in time, however slow it is.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from esign_core.engine.logs import Fields
from esign_core.engine.process import PerProcess
from esign_core.engine.records import DELIVERY_TURNED_AWAY
from esign_core.engine.seldom import Seldom
from esign_core.integrations.answering import Answer, TurnedAway, answer_to
from esign_core.model import WebhookRequest
from esign_core.service import Receipt

_PIECE_BYTES = 64 * 1024
_MOST_DIGITS = 20
_FIRST_PLACES = 64
_FEWEST_PLACES = 32


@dataclass
class Intake:
    """How much a process takes in at a time; one may be shared by several receivers.

    A delivery is *in hand* from the moment its body is there until it is answered. Bodies that
    are still arriving count by the bytes that have come, so that somebody who sends slowly takes
    nobody's place.
    """

    max_body_bytes: int = 1024 * 1024
    """The largest delivery that is taken, 1 MiB if not given; a larger one is 413, unread."""
    max_in_hand: int = 256
    """How many may wait for the journal, however fast it is; 256 if not given."""
    max_bytes_in_hand: int = 64 * 1024 * 1024
    """How much all bodies may take together, also those still arriving; 64 MiB if not given."""
    max_waiting_seconds: float = 0.5
    """How long one may wait: while one has been waiting for longer, new ones are answered 503."""
    max_reading_seconds: float = 10.0
    """How long a body may take to arrive; under WSGI the web server sees to that."""
    on_answer: Callable[[Answer, float], None] | None = field(default=None, repr=False)
    """Called with each answer and the seconds that it took; it must not raise."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    """Seconds that only grow."""
    _in_hand: PerProcess[_InHand] = field(
        default_factory=lambda: PerProcess(_InHand), init=False, repr=False
    )
    _refusals: Seldom = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._refusals = Seldom(self.clock)

    def delivery(self) -> Delivery:
        """One delivery, for a `with` block that ends with its `answer`."""
        return Delivery(self, self._in_hand.get(), self._refusals)

    @property
    def in_hand(self) -> int:
        """How many deliveries wait for the journal."""
        return len(self._in_hand.get().waiting)

    @property
    def bytes_in_hand(self) -> int:
        """How many bytes of bodies are held."""
        return self._in_hand.get().bytes

    @property
    def shedding(self) -> str | None:
        """Why a delivery that came now would be answered 503; None if it would be taken."""
        in_hand = self._in_hand.get()
        with in_hand.lock:
            return in_hand.objection(self)


@dataclass
class _InHand:
    """What one process has in hand."""

    bytes: int = 0
    waiting: dict[int, float] = field(default_factory=dict[int, float])
    """Since when each waits for the journal; the one that waits longest comes first."""
    places: int = _FIRST_PLACES
    """How many may wait."""
    halved_at: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)

    def objection(self, limits: Intake) -> str | None:
        """Why no body should be read now."""
        if self.bytes >= limits.max_bytes_in_hand:
            return "too_much_in_hand"
        return self.no_place(limits)

    def no_place(self, limits: Intake) -> str | None:
        """Why nothing more can wait for the journal now."""
        if len(self.waiting) >= min(self.places, limits.max_in_hand):
            return "too_many_in_hand"
        longest = next(iter(self.waiting.values()), None)
        if longest is not None and limits.clock() - longest > limits.max_waiting_seconds:
            return "waiting_too_long"
        return None

    def let_go(self, delivery: int, limits: Intake, *, is_kept: bool) -> None:
        """One that waited, if it did, is answered; learn from it how many may wait."""
        since, now = self.waiting.pop(delivery, None), limits.clock()
        if since is None:
            return
        if now - since > limits.max_waiting_seconds:
            if self.halved_at <= since:  # else it was let in before that could help
                self.places = max(len(self.waiting) // 2, _FEWEST_PLACES)
                self.halved_at = now
        elif is_kept and now - since < limits.max_waiting_seconds / 2:
            self.places = min(self.places + 1, limits.max_in_hand)


class Delivery:
    """One delivery from its first byte to its answer.

    Whatever goes wrong in its `with` block becomes the `answer`; only what is none of ours, such
    as a fault in a program or a cancellation, goes on. Calls, in this order: `begin`, `feed` for
    each piece of the body (or `read`), `request`, `kept`.
    """

    answer: Answer
    """What it is to be answered, after the block; 500 if something else went wrong."""

    def __init__(self, intake: Intake, in_hand: _InHand, refusals: Seldom) -> None:
        self.answer = Answer(500)
        self._intake = intake
        self._in_hand = in_hand
        self._refusals = refusals
        self._since = intake.clock()
        self._length: int | None = None
        self._body = bytearray()

    def begin(self, method: str, length: str | None) -> None:
        """Look at what is known before the body is read.

        Args:
            method: The request's method.
            length: Its `Content-Length`; None if it has none.

        Raises:
            TurnedAway: It is not taken, or not now.
        """
        if method != "POST":
            raise TurnedAway(405, "only_post")
        if length:
            if not (length.isascii() and length.isdigit()):
                raise TurnedAway(400, "bad_length")
            if len(length) > _MOST_DIGITS or int(length) > self._intake.max_body_bytes:
                raise TurnedAway(413, "too_large")
            self._length = int(length)
        with self._in_hand.lock:
            _turn_away(self._in_hand.objection(self._intake))

    def begin_wsgi(self, environ: Mapping[str, Any]) -> None:
        """`begin`, from a WSGI environment.

        Raises:
            TurnedAway: It is not taken, or not now.
        """
        length = environ.get("CONTENT_LENGTH")
        self.begin(environ["REQUEST_METHOD"], length)
        is_chunked = not length and "HTTP_TRANSFER_ENCODING" in environ
        if is_chunked and not environ.get("wsgi.input_terminated"):
            raise TurnedAway(411, "length_required")  # nobody knows where the body ends

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body.

        Raises:
            TurnedAway: It gets too large, or there is no room for it now.
        """
        if len(self._body) + len(piece) > self._intake.max_body_bytes:
            raise TurnedAway(413, "too_large")
        with self._in_hand.lock:
            if piece and self._in_hand.bytes >= self._intake.max_bytes_in_hand:
                raise TurnedAway(503, "too_much_in_hand")
            self._in_hand.bytes += len(piece)
            self._body += piece

    def read(self, read: Callable[[int], bytes]) -> None:
        """Take the body from a file-like object, no more of it than is taken.

        Raises:
            TurnedAway: It gets too large, is cut short, or there is no room for it now.
        """
        while piece := _read_from(read):
            self.feed(piece)

    def request(
        self, headers: Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
    ) -> WebhookRequest:
        """The delivery, which is in hand from now on.

        Raises:
            TurnedAway: The body is not all there, or there is no place for it now.
        """
        if self._length is not None and self._length != len(self._body):
            raise TurnedAway(400, "cut_short")
        with self._in_hand.lock:
            _turn_away(self._in_hand.no_place(self._intake))
            self._in_hand.waiting[id(self)] = self._intake.clock()
        return WebhookRequest.of(headers, bytes(self._body))

    def kept(self, receipt: Receipt) -> None:
        """It is on disk."""
        self.answer = Answer(204, receipt=receipt)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Put it out of hand, and make an answer of what is one of ours."""
        with self._in_hand.lock:
            self._in_hand.bytes -= len(self._body)
            self._in_hand.let_go(id(self), self._intake, is_kept=error is None)
        answer = answer_to(error) if error is not None else None
        if answer is not None:
            self.answer = answer
        seconds = self._intake.clock() - self._since
        if isinstance(error, TurnedAway):  # what is refused later is logged there
            told: Fields = {"esign_reason": str(error), "esign_duration_seconds": seconds}
            self._refusals.write(DELIVERY_TURNED_AWAY, told)
        if self._intake.on_answer is not None:
            self._intake.on_answer(self.answer, seconds)
        return answer is not None


def _turn_away(reason: str | None) -> None:
    if reason is not None:
        raise TurnedAway(503, reason)


def _read_from(read: Callable[[int], bytes]) -> bytes:
    try:
        return read(_PIECE_BYTES)
    except OSError:  # the client has left
        raise TurnedAway(400, "cut_short") from None

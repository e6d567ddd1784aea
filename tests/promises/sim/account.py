"""A world's account at one vendor: its line, its clock, its webhooks, and whom it asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx

from esign_core.engine import WireRequest
from esign_core.engine.simulate import EPOCH, Life, Turn
from esign_core.engine.transport import Transport
from esign_core.provider import Response
from esign_core.sandbox import Act, Delivery, LedgerEntry, VendorRequest, VendorResponse
from esign_penneo.calling_off import FRESH_SECONDS
from tests.promises.sim.chaos import LONGEST_TRAVEL_SECONDS, Trouble
from tests.promises.sim.sites import Site

if TYPE_CHECKING:
    from tests.promises.sim.world import World

_TICK_SECONDS = 1.0
_LONGEST_TICK_SECONDS = 6 * 3600.0
_HOUR, _DAY = 3600.0, 86400.0
_LATE = "late"
"""Who asks with a request that arrives late: nobody knows how long ago it left."""
_WINDOW_SECONDS = 60.0
"""The longest that a vendor counts."""
_BLIND_SECONDS = FRESH_SECONDS + LONGEST_TRAVEL_SECONDS
"""How long after a look a deletion that rests on it can arrive: until it leaves, and on its way."""


@dataclass
class Account:
    """One account, as everybody in the world shares it."""

    name: str
    site: Site
    world: World
    people: Random
    """What people do follows from this."""
    accepted: list[Delivery] = field(default_factory=list)
    """Deliveries that were answered 2xx."""
    limited: list[str] = field(default_factory=list)
    """Requests that the vendor itself refused because there were too many."""
    looked_at: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """When a process saw an envelope, by its name and the path."""
    blind: set[str] = field(default_factory=set)
    """Paths of envelopes that somebody deleted after the last signature came behind their back."""
    late: dict[int, bytes] = field(default_factory=dict)
    """Bodies of requests that are still to arrive."""
    _late_at: float = -_DAY
    """When a request came that was late: it counts then, and its slot was free long before."""
    _asked: int = 0
    _tick: float = _TICK_SECONDS
    _turn: Turn | None = None

    def clockwork(self) -> Life[None]:
        """The vendor does what is due: at once while something happens, else now and then."""
        self._turn = self.world.schedule.at_it
        while True:
            yield self._tick
            self._tick = min(self._tick * 2, _LONGEST_TICK_SECONDS)
            self._happened(self.site.vendor.advance(self.world.now()))

    def answer(self, request: VendorRequest, process: str) -> VendorResponse:
        """What comes back over the line, if anything does.

        Raises:
            httpx.TransportError: Nothing does.
        """
        what = f"{request.method} {request.path}"
        trouble = self.world.chaos.of_request(creates=what in self.site.creates)
        self.world.note(f"{process} {what} {trouble or ''}")
        match trouble:
            case Trouble.NO_CONNECTION:
                raise httpx.ConnectError("refused")
            case Trouble.REQUEST_LOST:
                raise httpx.ReadTimeout("silence")
            case Trouble.LATE_EFFECT:
                _ = self.world.schedule.begin(self._arrives_late(request))
                raise httpx.ReadTimeout("silence")
            case Trouble.LIMITED | Trouble.ERROR_BEFORE:
                return self._refusal(trouble)
            case Trouble.STUCK:
                _ = self.world.schedule.begin(self._sticks())
            case _:
                pass
        answer = self._handle(request, process)
        if trouble is Trouble.ANSWER_LOST:
            raise httpx.ReadError("cut")
        return self._refusal(trouble) if trouble is Trouble.ERROR_AFTER else answer

    def may_still_make(self, mark: str) -> bool:
        """Whether an envelope with a mark may still turn up: who asks there is told."""
        is_on_its_way = any(mark.encode() in body for body in self.late.values())
        return is_on_its_way or self.site.is_to_come(mark)

    def _handle(self, request: VendorRequest, process: str) -> VendorResponse:
        self._look_behind(request, process)
        answer, deliveries = self.site.vendor.handle(request, self.world.now())
        if process == _LATE:
            self._late_at = self.world.clock.seconds
        if answer.status == 429 and self.world.clock.seconds > self._late_at + _WINDOW_SECONDS:
            self.limited.append(f"{request.method} {request.path}")
        self._happened(deliveries)
        return answer

    def _look_behind(self, request: VendorRequest, process: str) -> None:
        """Note who deletes what everybody has signed since: no call of the vendor prevents it."""
        remote_id = request.path.rpartition("/")[2]
        if request.method == "GET":
            self.looked_at.setdefault((process, remote_id), []).append(self.world.clock.seconds)
        elif request.method == "DELETE":
            now = self.world.clock.seconds
            looks = self.looked_at.get((process, remote_id), [])
            looked_at = min((at for at in looks if at >= now - _BLIND_SECONDS), default=now)
            if process == _LATE:
                looked_at = 0.0
            since = [
                entry
                for entry in self.site.vendor.ledger
                if entry.envelope == remote_id
                and entry.what == "signed"
                and (entry.at - EPOCH).total_seconds() >= looked_at
            ]
            if since:
                self.blind.add(remote_id)

    def _arrives_late(self, request: VendorRequest) -> Life[None]:
        self.late[id(request)] = request.body
        yield self.world.chaos.random.choice([1, 10, 60, 300, 500])
        del self.late[id(request)]
        _ = self._handle(request, _LATE)

    def _sticks(self) -> Life[None]:
        self.site.vendor.fault("stuck_job", 1)
        yield self.world.chaos.random.choice([600, 3 * _HOUR, 12 * _HOUR])
        self.site.vendor.fault("stuck_job", 0)
        self._happened(self.site.vendor.advance(self.world.now()))

    def _refusal(self, trouble: Trouble) -> VendorResponse:
        if trouble is not Trouble.LIMITED:
            status = self.world.chaos.random.choice([500, 502, 503])
            return self.site.vendor.refusal(status, self.world.now())
        refusal = self.site.vendor.refusal(429, self.world.now())
        seconds = self.world.chaos.random.choice([None, 1, 30, 200])
        if seconds is None:
            return refusal
        return replace(refusal, headers={**refusal.headers, "retry-after": str(seconds)})

    def _happened(self, deliveries: Iterable[Delivery]) -> None:
        """Something may have: webhooks go out, and whoever was asked begins to think about it."""
        for delivery in deliveries:
            self._post(delivery)
        ledger = self.site.vendor.ledger
        if self._asked == len(ledger):
            return
        new, self._asked = ledger[self._asked :], len(ledger)
        for entry in new:
            if entry.what == "asked":
                _ = self.world.schedule.begin(self._asked_person(entry))
        self._tick = _TICK_SECONDS
        if self._turn is not None:
            self.world.schedule.hasten(self._turn, after_seconds=_TICK_SECONDS)

    def _post(self, delivery: Delivery) -> None:
        """A delivery goes out, and by the way something happens to it."""
        chaos = self.world.chaos
        trouble = chaos.of_delivery()
        begin = self.world.schedule.begin
        after = {
            Trouble.OVERTAKEN: lambda: chaos.random.uniform(1, 60),
            Trouble.DELAYED: lambda: chaos.random.uniform(1, 12) * _HOUR,
            Trouble.WEEKS_LATE: lambda: chaos.random.uniform(7, 30) * _DAY,
        }.get(trouble or Trouble.CRASH, float)()
        if trouble is Trouble.DROPPED:
            return
        if trouble is Trouble.DUPLICATED:
            later = chaos.random.choice([0.1, 5.0, _HOUR, _DAY])
            _ = begin(self._delivered(delivery), after_seconds=later)
        is_unheard = trouble is Trouble.UNANSWERED
        _ = begin(self._delivered(delivery, is_unheard=is_unheard), after_seconds=after)

    def _delivered(self, delivery: Delivery, *, is_unheard: bool = False) -> Life[None]:
        """Post it until somebody takes it, or the vendor gives it up."""
        yield self.world.chaos.travel_seconds()
        for pause in (*self.site.vendor.retry_seconds, None):
            is_taken = yield from self.world.take_in(self.name, delivery)
            if is_taken:
                self.accepted.append(delivery)
                if not is_unheard:
                    return
                is_unheard = False
            if pause is not None:
                yield pause

    def _asked_person(self, entry: LedgerEntry) -> Life[None]:
        """Somebody who was asked: opens it some time, and signs, or not."""
        token = entry.link.rpartition("/")[2]
        mood = self.people.random()
        yield self.people.choice([2.0, 30.0, 600.0, 2 * _HOUR, 9 * _HOUR])
        if mood < 0.1:  # never
            return
        for act in (Act.OPEN, Act.DECLINE if mood < 0.2 else Act.SIGN):
            self.world.note(f"{self.name} somebody does {act}")
            self._happened(self.site.vendor.act(token, act, self.world.now(), "Too dear"))
            yield self.people.choice([1.0, 20.0, 300.0])


class Answering(Protocol):
    """The other end of a line."""

    def answer(self, request: VendorRequest, process: str) -> VendorResponse:
        """What comes back over the line; raises what httpx does where nothing comes."""
        ...


class Line(Transport):
    """The line of one process: all of the real one but the network."""

    def __init__(self, account: Answering, process: str) -> None:
        super().__init__()
        self._account = account
        self._process = process

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        with self._named(request, is_reading=is_reading, is_repeatable=is_repeatable):
            address = urlsplit(request.url)
            body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
            arrived = VendorRequest(
                request.method,
                address.path,
                dict(parse_qsl(address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in request.headers.items()},
                body,
            )
            answer = self._account.answer(arrived, self._process)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, answer.body)

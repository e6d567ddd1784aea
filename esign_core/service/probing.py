"""Whether a vendor answers, takes the credentials, and has the same time as this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from esign_core.engine import Line, SavedFile, Session, Task, WireRequest, call
from esign_core.errors import (
    AuthenticationFailed,
    EsignError,
    PermissionDenied,
    RateLimited,
    SecretsLocked,
    Unavailable,
)
from esign_core.provider import Response
from esign_core.service.findings import Finding

_SKEW = timedelta(seconds=30)
"""How far clocks may be apart. Signed deliveries and tokens are good for some minutes only."""
_SECOND = timedelta(seconds=1)
"""What a Date header is rounded down to."""
_REMEDIES: dict[type[EsignError], tuple[str, str]] = {
    AuthenticationFailed: (
        "refuses the credentials",
        "look at them and where they come from, and whether they are of this environment",
    ),
    PermissionDenied: (
        "takes the credentials and allows them nothing",
        "give them the permissions that the provider's page names",
    ),
    Unavailable: (
        "cannot be reached",
        "look at the network, at the addresses in the settings, and at the vendor's status page",
    ),
    SecretsLocked: (
        "needs a secret that no key of encryption_keys opens",
        "put back the key that sealed it; `esign keys rotate` tells of what is sealed",
    ),
}
_OTHERWISE = (
    "does not answer as it should",
    "look at the addresses in the settings; they may lead to something else",
)


@dataclass
class TimedLine:
    """A line that also learns from every answer how far the other side's clock is from ours."""

    line: Line = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    skew: timedelta | None = None
    """The other side's time minus ours, the largest that was seen; None: no answer told."""

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Send a request and read the whole answer; any status is an answer."""
        before = self.clock()
        answer = self.line.exchange(request, is_reading=is_reading, is_repeatable=is_repeatable)
        self._learn(before, answer)
        return answer

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited."""
        before = self.clock()
        answer = await self.line.exchange_async(
            request, is_reading=is_reading, is_repeatable=is_repeatable
        )
        self._learn(before, answer)
        return answer

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Stream a body into a file; its time is not looked at."""
        return self.line.save(request, to)

    def close(self) -> None:
        """Close what is open for blocking calls."""
        self.line.close()

    async def aclose(self) -> None:
        """Close everything."""
        await self.line.aclose()

    def _learn(self, before: datetime, answer: Response) -> None:
        there = _date(answer)
        if there is None:
            return
        after = self.clock()
        # It was some time between before and after; only what lies outside is a difference.
        early, late = there - before + _SECOND, there - after
        skew = early if early < timedelta() else max(late, timedelta())
        if self.skew is None or abs(skew) > abs(self.skew):
            self.skew = skew


def probe(session: Session) -> Task[list[Finding]]:
    """What the cheapest authenticated request tells of an account."""
    found = [(yield from _reached(session))]
    skew = session.line.skew if isinstance(session.line, TimedLine) else None
    return [*found, *_clocks(session.name, skew)]


def _reached(session: Session) -> Task[Finding]:
    if not session.provider.supports("probe"):
        return Finding.warning(
            "reach",
            session.name,
            "was not asked: its adapter does not say which request is harmless",
            "look at the vendor with a request of your own: Connection.request",
        )
    try:
        _ = yield from call(session, session.provider.probe, operation="probe")
    except RateLimited as error:
        wait = error.retry_after_seconds
        when = f"in {wait:.0f} s" if wait is not None else "later"
        return Finding.warning("reach", session.name, error.message, f"try again {when}")
    except EsignError as error:
        what, remedy = next(
            (told for kind, told in _REMEDIES.items() if isinstance(error, kind)), _OTHERWISE
        )
        return Finding.error("reach", session.name, f"{what}: {error.message}", remedy)
    return Finding.ok("reach", session.name, "answers, and takes the credentials")


def _clocks(name: str, skew: timedelta | None) -> Iterator[Finding]:
    if skew is None:
        return
    if abs(skew) <= _SKEW:
        yield Finding.ok("clock", name, "has the same time as this machine")
        return
    word = "ahead of" if skew > timedelta() else "behind"
    yield Finding.warning(
        "clock",
        name,
        f"its clock is {abs(skew).total_seconds():.0f} s {word} this machine's; signed "
        "deliveries and tokens are refused when clocks differ too much",
        "have this machine set its clock by NTP",
    )


def _date(answer: Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
        return (told if told.tzinfo is not None else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):  # whatever a server may write there
        return None

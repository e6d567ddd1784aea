"""What the core's own tasks yield: everything that touches the world, as values.

A *task* is to the core what a flow is to a provider. It yields effects and is sent what came of
them; drivers perform the effects, with blocking calls, with `await`, or in a simulated world.
Effects are awaited through the small functions below with `yield from`, which gives them types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from esign_core.errors import EsignError
from esign_core.model.secrecy import NeverPickled
from esign_core.provider import Limit, ObjectDownload, Request, Response

if TYPE_CHECKING:
    from esign_core.engine.allowance import Allowance
    from esign_core.engine.bodies import BodyStream
    from esign_core.engine.limits import BudgetStore
    from esign_core.engine.permission import Permission
    from esign_core.engine.together import Perform
    from esign_core.engine.watch import OperationWatch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WireRequest(NeverPickled):
    """A request as it goes out: whole address, credentials and all."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes | BodyStream = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that was brought over whole."""

    path: Path
    """Where it is."""
    size: int
    """Length in bytes."""
    sha256: str
    """As hex, of what arrived."""


class Line(Protocol):
    """The way to one vendor, for one connection: one HTTP client of each kind per process."""

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Send a request and read the whole answer; any status is an answer."""
        ...

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited."""
        ...

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Stream the body of a 200 into a file; any other answer is returned."""
        ...

    def close(self) -> None:
        """Close what is open for blocking calls."""
        ...

    async def aclose(self) -> None:
        """Close everything."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """Ask the vendor, within its limits; again after a pause if that is harmless.

    Sent back: a `Response` below 300. Thrown: what `explain` makes of any other, or what became
    of the line.
    """

    line: Line = field(repr=False)
    request: WireRequest
    explain: Callable[[Response], EsignError] = field(repr=False)
    budgets: BudgetStore = field(repr=False)
    limits: tuple[Limit, ...] = ()
    is_reading: bool = False
    is_repeatable: bool = False
    save_to: Path | None = None
    """Where the body goes, for downloads; a `SavedFile` is sent back then."""
    permission: Permission | None = None
    """Without it, or while it holds, the request may go out."""
    operation: OperationWatch | None = field(default=None, repr=False)
    """What it is a part of, for logs and traces."""
    asked: Request | None = field(default=None, repr=False)
    """The request as the adapter asked for it, for logs and traces."""
    allowance: Callable[[Response], Allowance | None] | None = field(default=None, repr=False)
    """Reads what an answer says of the vendor's limits."""
    patience_seconds: float = math.inf
    """How long to wait for slots and between attempts at the most, if that is less than usual."""


@dataclass(frozen=True, slots=True)
class SaveObject:
    """Bring an object of a bucket into a file. Sent back: a `SavedFile`."""

    download: ObjectDownload
    to: Path


@dataclass(frozen=True, slots=True)
class Transact:
    """Do something with the database, off the event loop. Sent back: what it answers."""

    work: Callable[[], Any] = field(repr=False)
    together: Perform | None = field(default=None, repr=False)
    """Does the pieces of several tasks at once, for drivers that have them."""
    piece: Any = field(default=None, repr=False)
    """What `together` is given of this one."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Run a task while no other runs under the same name in this process.

    A task that asks for its own name again waits for itself for ever.
    """

    name: str
    task: Callable[[], Task[Any]] = field(repr=False)


Effect: TypeAlias = Exchange | SaveObject | Transact | Sleep | Exclusive
Task: TypeAlias = Generator[Effect, Any, T]


def exchange(effect: Exchange) -> Task[Response]:
    """Ask the vendor and get its answer."""
    response: Response = yield effect
    return response


def save(effect: Exchange | SaveObject) -> Task[SavedFile]:
    """Bring a file over."""
    saved: SavedFile = yield effect
    return saved


def transact(work: Callable[[], T]) -> Task[T]:
    """Do something with the database."""
    result: T = yield Transact(work)
    return result


def transact_together(work: Callable[[], T], together: Perform, piece: Any) -> Task[T]:
    """Do something with the database, in one go with what other tasks do at the same time."""
    result: T = yield Transact(work, together, piece)
    return result


def sleep(seconds: float) -> Task[None]:
    """Let time pass."""
    yield Sleep(seconds)


def exclusive(name: str, task: Callable[[], Task[T]]) -> Task[T]:
    """Run a task alone under its name."""
    result: T = yield Exclusive(name, task)
    return result

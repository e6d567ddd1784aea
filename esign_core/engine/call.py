"""Running a provider's flow as a task: credentials, limits, explanations, and bounds."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from esign_core.engine.effects import (
    Exchange,
    Line,
    SavedFile,
    SaveObject,
    Task,
    exchange,
    exclusive,
    save,
)
from esign_core.engine.limits import BudgetStore
from esign_core.engine.prepare import prepare
from esign_core.engine.tokens import TokenStore, is_good
from esign_core.errors import (
    AuthenticationFailed,
    BrokenProvider,
    EsignError,
    Outcome,
    Unavailable,
    UnreadableAnswer,
)
from esign_core.provider import Flow, HttpDownload, Limit, Provider, Request, Response, Token
from esign_core.provider import Download as DownloadSource

T = TypeVar("T")

MAX_REQUESTS = 1000
"""How many requests one operation may make; more is a flow without end."""
_OK_BELOW, _ERROR_FROM = 300, 400


@dataclass(frozen=True)
class Session:
    """One account, ready to be talked to."""

    name: str
    """The connection's name."""
    provider: Provider[Any]
    line: Line = field(repr=False)
    tokens: TokenStore = field(repr=False)
    budgets: BudgetStore = field(repr=False)


def call(
    session: Session,
    flow: Flow[T],
    *,
    operation: str,
    subject: str | None = None,
    envelope_id: str | None = None,
) -> Task[T]:
    """What a provider's flow answers.

    Raises:
        EsignError: What the flow raised, told where it happened.
        BrokenProvider: The flow is none, raised what no adapter may, or does not end.
    """
    try:
        return (yield from _run(session, flow, operation))
    except EsignError as error:
        _ = error.locate(
            provider=session.provider.name,
            connection=session.name,
            operation=operation,
            subject=subject,
            envelope_id=envelope_id,
        )
        raise


def _run(session: Session, flow: Flow[T], operation: str) -> Task[T]:
    _expect_flow(flow, f"{session.provider.name}.{operation}")
    step: Callable[[], Request] = partial(next, flow)
    try:
        for made in range(MAX_REQUESTS):
            try:
                request = step()
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            except EsignError:
                raise
            except Exception as error:
                raise BrokenProvider(
                    f"{type(error).__name__} in {session.provider.name}.{operation}: a fault of "
                    "the adapter, not of yours; please report it with the traceback",
                    outcome=Outcome.UNCERTAIN if made else Outcome.NOT_DONE,
                ) from error
            try:
                response = yield from _ask(session, request, operation)
            except EsignError as error:
                step = partial(flow.throw, error)
            else:
                step = partial(flow.send, response)
        raise BrokenProvider(
            f"{session.provider.name}.{operation} made {MAX_REQUESTS} requests and did not end",
            outcome=Outcome.UNCERTAIN,
        )
    finally:
        flow.close()


def _expect_flow(flow: object, what: str) -> None:
    if not isinstance(flow, Generator):
        raise BrokenProvider(f"{what} answered {type(flow).__name__}, not a flow")


def _ask(session: Session, request: object, operation: str) -> Task[Response]:
    """One request, with credentials renewed once if they are refused."""
    if not isinstance(request, Request):
        kind = type(request).__name__
        raise BrokenProvider(f"{session.provider.name}.{operation} yielded {kind}, not a Request")
    token = (yield from _token(session)) if request.auth else None
    try:
        return (yield from exchange(_exchange(session, request, token)))
    except AuthenticationFailed:  # proves that nothing was done, so any request may go again
        if token is None:
            raise
    token = yield from _token(session, refused=token)
    return (yield from exchange(_exchange(session, request, token)))


def _exchange(
    session: Session, request: Request, token: Token | None, save_to: Path | None = None
) -> Exchange:
    limits: tuple[Limit, ...] = (*session.provider.limits, *request.limits)
    scoped = tuple(Limit(f"{session.name}/{x.name}", x.count, x.seconds) for x in limits)
    return Exchange(
        line=session.line,
        request=prepare(session.provider, request, token),
        explain=partial(explain, session.provider, request),
        limits=scoped,
        budgets=session.budgets,
        is_reading=request.is_reading,
        is_repeatable=request.is_repeatable,
        save_to=save_to,
    )


def explain(provider: Provider[Any], request: Request, response: Response) -> EsignError:
    """The error that an answer of 300 or more stands for, and what it leaves open."""
    if _OK_BELOW <= response.status < _ERROR_FROM:
        error: EsignError = UnreadableAnswer(
            f"{response.status}, the vendor leads elsewhere; credentials do not go there. Look at "
            "the base URL.",
        )
    else:
        error = provider.explain(response)
    error.status_code = error.status_code or response.status
    if request.is_reading:
        error.outcome = Outcome.NOT_DONE  # nothing was asked for that could be half done
    elif isinstance(error, Unavailable):
        error.outcome = Outcome.UNCERTAIN  # it may have broken after the deed
    return error


def _token(session: Session, refused: Token | None = None) -> Task[Token | None]:
    """A token that is good, or None where the provider needs none; asked for by one at a time."""
    provider = session.provider
    if not provider.supports("grant"):
        return None
    token = session.tokens.get(session.name)
    if is_good(token, provider.now(), refused=refused):
        return token
    return (yield from exclusive(f"token/{session.name}", partial(_renew, session, refused)))


def _renew(session: Session, refused: Token | None) -> Task[Token | None]:
    token = session.tokens.get(session.name)  # perhaps somebody else has renewed it meanwhile
    if is_good(token, session.provider.now(), refused=refused):
        return token
    token = yield from _run(session, session.provider.grant(), "grant")
    session.tokens.put(session.name, token)
    return token


def bring(session: Session, source: DownloadSource, to: Path) -> Task[SavedFile]:
    """Bring a file over, from the vendor or from a bucket, into `to`."""
    if not isinstance(source, HttpDownload):
        return (yield from save(SaveObject(source, to)))
    token = (yield from _token(session)) if source.request.auth else None
    try:
        return (yield from save(_exchange(session, source.request, token, save_to=to)))
    except AuthenticationFailed:
        if token is None:
            raise
    token = yield from _token(session, refused=token)
    return (yield from save(_exchange(session, source.request, token, save_to=to)))

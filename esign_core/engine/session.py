"""Running a provider's flow as a task: inside bounds, and with what becomes of it told truly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from esign_core.engine.allowance import read_allowance
from esign_core.engine.blame import expected_answer, explain
from esign_core.engine.bodies import BodyStream
from esign_core.engine.effects import (
    Exchange,
    Line,
    SavedFile,
    SaveObject,
    Task,
    exchange,
    save,
)
from esign_core.engine.limits import BudgetStore
from esign_core.engine.permission import Permission, narrowed
from esign_core.engine.prepare import prepare
from esign_core.engine.records import FLOW_NOT_CLOSED
from esign_core.engine.redaction import fit_to_show
from esign_core.engine.renewal import renewed
from esign_core.engine.sharing import TokenStore
from esign_core.engine.telemetry import carried
from esign_core.engine.tokens import Failures, MemoryTokens, is_good
from esign_core.engine.watch import OperationWatch
from esign_core.errors import (
    AuthenticationFailed,
    BrokenProvider,
    EsignError,
    Outcome,
    UnreadableAnswer,
)
from esign_core.provider import (
    Download,
    Flow,
    HttpDownload,
    Limit,
    ObjectDownload,
    Provider,
    Request,
    Token,
)
from esign_core.provider.blame import blamed

T = TypeVar("T")

MAX_REQUESTS = 1000
"""How many requests one operation may make; more is a flow without end."""
MAX_TIME = timedelta(hours=1)
"""How long one operation may go on making requests; longer is a flow without end."""

_DOWNLOAD = "download"
_TRANSFER = "transfer"
_GRANT = "grant"
_RENEWALS = 2
"""How often credentials are renewed for one request; the second time only if the first renewal
brought what another process had left."""
_REFUSES_CREDENTIALS = frozenset({400, 401, 403})
"""With any other status, nothing proves that the attempt did nothing."""


@dataclass(frozen=True)
class Session:
    """One account, ready to be talked to."""

    name: str
    """The connection's name."""
    provider: Provider[Any]
    line: Line = field(repr=False)
    tokens: MemoryTokens = field(repr=False)
    budgets: BudgetStore = field(repr=False)
    failures: Failures = field(default_factory=Failures, repr=False)
    """The grants that failed."""
    token_store: TokenStore | None = field(default=None, repr=False)
    """Where tokens are shared with other processes; asked when there is no good one in `tokens`."""


def call(
    session: Session,
    flow: Flow[T] | Callable[[], Flow[T]],
    *,
    operation: str,
    subject: str | None = None,
    envelope_id: str | None = None,
    until: datetime | None = None,
) -> Task[T]:
    """What a provider's flow answers, or that of an operation that is called here.

    With `until`, no request that changes something goes out whole from then on.

    An error says `NOT_DONE` only where that is known: not once a request that changes something
    was answered well or not at all, whatever went wrong after it; unless the adapter itself says
    so of what it has read, as of a refusal inside of a good answer. Where nothing was asked for
    but to read, an answer that makes no sense leaves no doubt behind.

    Raises:
        EsignError: What the flow raised, told where it happened.
        BrokenProvider: The flow is none, raises or answers what no adapter may, or does not end.
    """
    with OperationWatch(operation, session.name, session.provider, envelope_id) as watch:
        try:
            permission = Permission(until, session.provider.now) if until is not None else None
            return (yield from watch.over(_run(session, flow, watch, permission)))
        except EsignError as error:
            _ = fit_to_show(error, session.provider).locate(
                provider=session.provider.name,
                connection=session.name,
                operation=operation,
                subject=subject,
                envelope_id=envelope_id,
            )
            raise


def bring(session: Session, source: Download, to: Path) -> Task[SavedFile]:
    """Bring a file over, from the vendor or from a bucket, into `to`.

    Raises:
        BrokenProvider: The provider answered no download.
        EsignError: What became of it; nothing is left of the file.
    """
    watch = OperationWatch(_TRANSFER, session.name, session.provider, code=_DOWNLOAD)
    if isinstance(source, ObjectDownload):
        return _watched(watch, save(SaveObject(source, to)))
    if isinstance(source, HttpDownload):
        _expect_request(source.request, watch)
        return _watched(watch, _ask(session, source.request, watch, save, save_to=to))
    raise BrokenProvider(f"{watch} answered {type(source).__name__}, not a Download")


def _watched(watch: OperationWatch, task: Task[T]) -> Task[T]:
    with watch:
        return (yield from watch.over(task))


def _run(
    session: Session,
    flow: Flow[T] | Callable[[], Flow[T]],
    watch: OperationWatch,
    permission: Permission | None = None,
) -> Task[T]:
    what = str(watch)
    if callable(flow):
        with blamed(what):
            flow = flow()
    if not isinstance(flow, Generator):
        raise BrokenProvider(f"{what} answered {type(flow).__name__}, not a flow")
    began_at = session.provider.now()
    may_be_done = False
    thrown: list[EsignError] = []
    step: Callable[[], Request] = partial(next, flow)
    try:
        for _ in range(MAX_REQUESTS):
            with blamed(what):
                try:
                    request = step()
                except StopIteration as stop:
                    answer: T = expected_answer(stop.value, what, watch.name)
                    return answer
            _expect_request(request, watch)
            if session.provider.now() - began_at > MAX_TIME:
                raise BrokenProvider(f"{what} went on for {MAX_TIME} and did not end")
            try:
                response = yield from _ask(session, request, watch, exchange, permission=permission)
            except EsignError as error:
                may_be_done |= not request.is_reading and error.outcome is not Outcome.NOT_DONE
                thrown.append(error)
                step = partial(flow.throw, error)
            else:
                may_be_done |= not request.is_reading
                step = partial(flow.send, response)
        raise BrokenProvider(f"{what} made {MAX_REQUESTS} requests and did not end")
    except EsignError as error:
        if not (error.is_outcome_told and all(error is not each for each in thrown)):
            _be_sure(error, may_be_done=may_be_done)
        raise
    finally:
        _close(flow, watch)


def _be_sure(error: EsignError, *, may_be_done: bool) -> None:
    """Let an error say no more of the outcome than is known, and no less."""
    if may_be_done and error.outcome is Outcome.NOT_DONE:
        error.outcome = Outcome.UNCERTAIN
    elif not may_be_done and isinstance(error, UnreadableAnswer):
        error.outcome = Outcome.NOT_DONE  # nothing was asked for that could be half done


def _expect_request(request: object, watch: OperationWatch) -> None:
    if not isinstance(request, Request):
        raise BrokenProvider(f"{watch} yielded {type(request).__name__}, not a Request")
    if watch.name == _GRANT and request.auth:  # it would wait for the token that it is asking for
        raise BrokenProvider(f"{watch} must ask with auth=False: there is no token yet")


def _close(flow: Flow[Any], watch: OperationWatch) -> None:
    """Close a flow whatever it does then: why it is closed is on its way up already."""
    try:
        flow.close()
    except Exception as error:  # noqa: BLE001 - an adapter may raise anything
        FLOW_NOT_CLOSED.write(watch.fields, esign_error=type(error).__name__)


def _ask(
    session: Session,
    request: Request,
    watch: OperationWatch,
    act: Callable[[Exchange], Task[T]],
    *,
    save_to: Path | None = None,
    permission: Permission | None = None,
) -> Task[T]:
    """One request, with credentials that are renewed if they are refused."""
    permission = narrowed(permission, request.patience_seconds, session.provider.now)
    exchange_with = partial(
        _exchange, session, request, watch, save_to=save_to, permission=permission
    )
    token = (yield from _token(session)) if request.auth else None
    return (yield from _ask_with(token, session, lambda own: act(exchange_with(own)), _RENEWALS))


def _ask_with(
    token: Token | None, session: Session, ask: Callable[[Token | None], Task[T]], renewals: int
) -> Task[T]:
    try:
        return (yield from ask(token))
    except AuthenticationFailed as error:  # this attempt did nothing, so any request may go again
        if token is None or renewals == 0 or error.status_code not in _REFUSES_CREDENTIALS:
            raise
        outcome_before = error.outcome
    try:
        token = yield from _token(session, refused=token)
        is_found = session.tokens.is_found(session.name, token)
        return (yield from _ask_with(token, session, ask, renewals - 1 if is_found else 0))
    except EsignError as error:
        if error.outcome is Outcome.NOT_DONE:
            error.outcome = outcome_before  # uncertain, if an attempt before the refusal was lost
        raise


def _exchange(
    session: Session,
    request: Request,
    watch: OperationWatch,
    token: Token | None,
    *,
    save_to: Path | None,
    permission: Permission | None,
) -> Exchange:
    provider = session.provider
    if request.is_reading:
        permission = None
    with blamed(str(watch)):
        wire = prepare(provider, request, token)
        if isinstance(wire.body, BodyStream):
            wire = replace(wire, body=replace(wire.body, permission=permission))
        return Exchange(
            line=session.line,
            request=wire,
            explain=partial(explain, provider, request, token=token),
            budgets=session.budgets,
            limits=tuple(
                Limit(f"{session.name}/{limit.name}", limit.count, limit.seconds)
                for limit in (*provider.limits, *request.limits)
            ),
            is_reading=request.is_reading,
            is_repeatable=request.is_repeatable,
            save_to=save_to,
            permission=permission,
            operation=watch,
            asked=request,
            allowance=lambda answer: read_allowance(answer.headers, provider.now),
            patience_seconds=request.patience_seconds,
        )


def _token(session: Session, refused: Token | None = None) -> Task[Token | None]:
    """A token that is good, or None where the provider needs none."""
    if not session.provider.supports(_GRANT):
        return None
    token = session.tokens.get(session.name)
    if is_good(token, session.provider.now(), refused=refused):
        return token
    return (yield from renewed(session, refused, carried(partial(_granted, session))))


def _granted(session: Session) -> Task[Token]:
    with OperationWatch(_GRANT, session.name, session.provider) as watch:
        token = yield from watch.over(_run(session, session.provider.grant, watch))
        if token.expires_at is not None and token.expires_at.tzinfo is None:
            raise BrokenProvider(f"{watch} answered a token whose expires_at has no time zone")
        return token

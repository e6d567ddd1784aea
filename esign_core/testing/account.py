"""One account at a simulated vendor, called the same way whether the caller waits or awaits."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from esign_core.engine import AsyncDriver, SavedFile, SyncDriver, call
from esign_core.engine.transport import Transport
from esign_core.errors import EsignError
from esign_core.model import EnvelopeDraft, Job, Snapshot, Verified, WebhookRequest
from esign_core.provider import Flow, Provider, Registry, Response
from esign_core.sandbox import Control, Simulator
from esign_core.service import AsyncConnection, Connection
from esign_core.service.opening import open_session
from esign_core.testing.neutral import Neutral
from esign_core.testing.recording import Exchanged, RecordingLine

T = TypeVar("T")

SLOW = 10.0
"""The scale of simulators here: nothing is done by itself before a test lets time pass."""
PATIENCE_SECONDS = 50.0
"""How far the vendor's clock leaps for its jobs and files to be done, at that scale."""


class Way(StrEnum):
    """How a product calls."""

    SYNC = "sync"
    ASYNC = "async"


class Account:
    """A connection to a simulator, with all that is said and heard on record.

    `connection` has the verbs of `Connection`, all of them blocking; in the way `async` an
    `AsyncConnection` is behind it, and an event loop that runs while a verb does.
    """

    def __init__(
        self,
        sandbox: Simulator,
        control: Control,
        way: Way,
        settings: dict[str, Any],
        *,
        timeout_seconds: float = 30,
    ) -> None:
        self.sandbox = sandbox
        self.control = control
        self.way = way
        self.settings = settings
        self._line = RecordingLine(Transport(timeout_seconds))
        self._said: list[tuple[str, Any]] = []
        self._runner = asyncio.Runner()
        kind = Connection if way is Way.SYNC else AsyncConnection
        registry = Registry.installed()
        made = kind(sandbox.name, registry=registry, line=self._line, **settings)
        self.connection = cast("Connection", _Blocking(made, self._runner, self._said))
        self._session = open_session(registry, sandbox.name, settings, line=self._line)
        self._driver = SyncDriver() if way is Way.SYNC else AsyncDriver()
        self._open = made
        self._ledger_before = len(self.control.ledger())

    @property
    def provider(self) -> Provider[Any]:
        """The adapter."""
        return self._session.provider

    @property
    def exchanges(self) -> list[Exchanged]:
        """What went over the line so far."""
        return self._line.exchanges

    def ask(self, flow: Flow[T]) -> T:
        """What a flow of the provider answers: for what has no verb, such as `find`."""
        done = self._driver.run(call(self._session, flow, operation="ask"))
        return cast("T", self._runner.run(done) if inspect.iscoroutine(done) else done)

    def verify(self, delivery: WebhookRequest, *, now: datetime | None = None) -> Verified:
        """What the adapter's check of a delivery finds, with the secrets of the settings.

        Raises:
            WebhookRejected: As the adapter says.
            AssertionError: It has no webhooks.
        """
        if self.provider.webhooks is None:
            raise AssertionError(f"{self.provider.name} has no webhooks")
        secrets = [s.get_secret_value().encode() for s in self.provider.settings.webhook_secrets]
        return self.provider.webhooks.verify(delivery, secrets, now or datetime.now(UTC))

    def send(self, draft: EnvelopeDraft) -> Snapshot:
        """The envelope, as soon as the vendor's time has passed that it takes to make one."""
        sent = self.connection.send(draft, wait=False)
        if isinstance(sent, Job):
            self.let_pass()
            sent = self.connection.poll(sent)
        if isinstance(sent, Job):
            raise AssertionError("the vendor is still making it")  # noqa: TRY004 - it is no mistake of types
        return sent

    def sign(self, remote_id: str, *, at_most: int = 100) -> None:
        """Sign on the signing pages, each signer when it is their turn, as many as `at_most`."""
        signed: list[str] = []
        while len(signed) < at_most:
            open_ = [link for link in self._open_links(remote_id) if link not in signed]
            if not open_:
                break
            self.control.sign_page(open_[0])
            signed.append(open_[0])
        self.let_pass()

    def let_pass(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Let time pass at the vendor; the caller's clock stays as it is."""
        self.control.advance(seconds)

    def ledger(self, what: str, remote_id: str | None = None) -> list[str]:
        """Whom it happened to since the account was opened; empty names for whole envelopes."""
        entries = self.control.ledger()[self._ledger_before :]
        return [
            entry["signer"]
            for entry in entries
            if entry["what"] == what and remote_id in {None, entry["envelope"]}
        ]

    def record(self) -> dict[str, Any]:
        """All that was asked, exchanged and done to people, with what varies masked."""
        neutral = Neutral()
        told = self.control.ledger()[self._ledger_before :]
        return {
            "exchanges": [neutral.of(each) for each in self.exchanges],
            "answers": [{verb: neutral.of(answer)} for verb, answer in self._said],
            "ledger": [neutral.of(each) for each in told],
        }

    def _open_links(self, remote_id: str) -> list[str]:
        acted = {*self.ledger("signed", remote_id), *self.ledger("declined", remote_id)}
        return [
            entry["link"]
            for entry in self.control.ledger(remote_id)
            if entry["what"] == "asked" and entry["signer"] not in acted
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as closing:
            _ = closing.callback(self._runner.close)
            _ = closing.callback(self.control.clear_faults)  # they are not the next account's
            if isinstance(self._open, AsyncConnection):
                self._runner.run(self._open.aclose())
            else:
                self._open.close()


class _Blocking:
    """A connection whose every verb waits, and what each verb answered."""

    def __init__(
        self,
        connection: Connection | AsyncConnection,
        runner: asyncio.Runner,
        said: list[tuple[str, Any]],
    ) -> None:
        self._connection = connection
        self._runner = runner
        self._said = said

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        method = getattr(self._connection, verb)

        def ask(*arguments: Any, **options: Any) -> Any:
            try:
                answer = method(*arguments, **options)
                if inspect.iscoroutine(answer):
                    answer = self._runner.run(answer)
            except EsignError as error:
                self._said.append((verb, _told(error)))
                raise
            self._said.append((verb, _comparable(answer)))
            return answer

        return ask


def _told(error: EsignError) -> dict[str, Any]:
    return {
        "error": type(error).__name__,
        "message": str(error),
        "outcome": error.outcome,
        "status_code": error.status_code,
        "operation": error.operation,
        "problems": [str(each) for each in getattr(error, "problems", ())],
        "notes": getattr(error, "__notes__", []),
    }


def _comparable(answer: Any) -> Any:
    """Without what no two runs share: dates in headers; sizes and hashes of signed files."""
    if isinstance(answer, Response):
        return answer.status, answer.text()
    if isinstance(answer, tuple) and answer and isinstance(answer[0], SavedFile):
        return [file.path.name for file in answer]
    return answer

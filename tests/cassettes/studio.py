"""Accounts to make recordings with: at a simulator whose time stands still, or at the vendor."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from pydantic import SecretStr

from esign_core import (
    EnvelopeDraft,
    EnvelopeStatus,
    Job,
    Registry,
    Snapshot,
    WebhookRequest,
)
from esign_core.engine import Session, SyncDriver, call
from esign_core.model import Subscription
from esign_core.provider import Flow
from esign_core.sandbox import Clock, Control, Simulator
from esign_core.service.opening import open_session
from esign_core.testing import Origin, Provenance
from esign_core.testing.receiver import Receiver
from tests.cassettes.scenes import Given, Scene

T = TypeVar("T")

START = datetime(2026, 1, 16, 10, 24, 20, tzinfo=UTC)
"""When every simulated recording begins."""
SEEDS: Mapping[str, int | str] = {"penneo": 14, "penvio": "14"}
_MADE_WITHIN_SECONDS = 120.0
_STEP_SECONDS = 1.0


class Account(ABC):
    """What every account for recordings can do, with the settings that reach it."""

    def __init__(self, provider: str, settings: Mapping[str, Any]) -> None:
        self.provider = provider
        self.settings = dict(settings)
        self.driver = SyncDriver()
        self._own: Session | None = None
        self._opened: list[Session] = []
        self.made: list[str] = []
        self.unfinished: list[Snapshot | Job] = []
        self.subscribed: list[str] = []

    @property
    @abstractmethod
    def now(self) -> datetime:
        """What time it is for the caller."""

    @property
    def hosts(self) -> dict[str, str]:
        """Base URLs, and what the adapter calls them."""
        named = reversed(list(self.session.provider.hosts.items()))
        return {url: name for name, url in named}  # the first name of an address counts

    @property
    def session(self) -> Session:
        """The account, for what is not recorded."""
        if self._own is None:
            self._own = self.opened({})
        return self._own

    def opened(self, changes: Mapping[str, Any], *, has_token: bool = True) -> Session:
        """Another session, with a token if it is to have one and the vendor has tokens."""
        session = open_session(
            Registry.installed(),
            self.provider,
            {**self.settings, **changes},
            clock=lambda: self.now,
        )
        self._opened.append(session)
        if has_token and session.provider.supports("grant"):
            grant = call(session, session.provider.grant(), operation="grant")
            session.tokens.put(session.name, self.driver.run(grant))
        return session

    def ask(self, flow: Flow[T]) -> T:
        """What a flow of the provider answers."""
        answer = self._ask(flow)
        self.note(answer)
        return answer

    def note(self, answer: object) -> None:
        """Remember what was made at the vendor."""
        if isinstance(answer, Subscription):
            self.subscribed.append(answer.id)
        elif isinstance(answer, Job) or getattr(answer, "status", None) is EnvelopeStatus.DRAFT:
            self.unfinished.append(cast("Snapshot | Job", answer))

    def make(self, draft: EnvelopeDraft) -> str:
        """The vendor's id of an envelope that is out."""
        return self.finish(self._ask(self.session.provider.send(draft)))

    def finish(self, made: Snapshot | Job) -> str:
        """The vendor's id of an envelope, once it is out."""
        waited = 0.0
        while isinstance(made, Job):
            if waited > _MADE_WITHIN_SECONDS:
                raise TimeoutError(f"{self.provider} is still making the envelope")
            self.let_pass(_STEP_SECONDS)
            waited += _STEP_SECONDS
            made = self._ask(self.session.provider.poll(made))
        if made.status is EnvelopeStatus.DRAFT:
            made = self._ask(self.session.provider.dispatch(made.remote_id))
        self.made.append(made.remote_id)
        return made.remote_id

    def _ask(self, flow: Flow[T]) -> T:
        return self.driver.run(call(self.session, flow, operation="prepare"))

    @abstractmethod
    def let_pass(self, seconds: float) -> None:
        """Let time pass at the vendor."""

    def secrets(self, session: Session) -> list[str]:
        """Everything that may never be written, in clear."""
        settings = session.provider.settings
        values = [*vars(settings).values(), *settings.webhook_secrets]
        hidden = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
        token = session.tokens.get(session.name)
        return [*hidden, token.value] if token is not None else hidden

    @abstractmethod
    def provenance(self, given: Given) -> Provenance:
        """The head of what is recorded now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in self._opened:
            session.line.close()


class Simulated(Account):
    """An account at a new simulator. Nothing happens in it but what a scene makes happen."""

    def __init__(self, provider: str, scene: Scene) -> None:
        kind = Registry.installed().provider(provider)
        made = pkgutil.resolve_name(kind.sandbox or "")(seed=SEEDS[provider], **scene.simulator)
        assert isinstance(made, Simulator)
        self._sandbox, self._source = made, f"the simulator {kind.sandbox}"
        self._open = ExitStack()
        self._receiver = self._open.enter_context(Receiver()) if scene.hears else None
        self._open.enter_context(made)
        made.simulation.clock = Clock(lambda: START)
        self._control = self._open.enter_context(Control(made.control_url))
        settings = made.connect(self._receiver.url if self._receiver else None)
        if "oauth_url" in settings:  # the same server under another name, to tell them apart
            settings["oauth_url"] = settings["oauth_url"].replace("127.0.0.1", "localhost")
        super().__init__(provider, settings)

    @property
    def now(self) -> datetime:
        return self._sandbox.simulation.clock.now()

    @property
    def hook(self) -> str:
        """An address that the vendor can deliver to."""
        assert self._receiver is not None, "the scene must say that it hears"
        return self._receiver.url

    @property
    def links(self) -> list[str]:
        """The signing links that people were sent."""
        return self._control.links()

    def let_pass(self, seconds: float) -> None:
        self._control.advance(seconds)

    def sign(self, remote_id: str, *, at_most: int = 100) -> None:
        """Have signers sign on their pages, each when it is their turn."""
        signed: list[str] = []
        while len(signed) < at_most:
            links = [link for link in self._control.links(remote_id) if link not in signed]
            if not links:
                break
            self.let_pass(60)
            self._control.sign_page(links[0])
            signed.append(links[0])
        self.let_pass(10)

    def fault(self, kind: str, **fields: Any) -> None:
        """Have something go wrong at the vendor."""
        self._control.fault(kind, **fields)

    def hear(self, event: str) -> WebhookRequest:
        """The last delivery of an event so far."""
        assert self._receiver is not None, "the scene must say that it hears"
        self._control.settle()
        for each in reversed(self._receiver.received):
            if event in each.headers.values() or event.encode() in each.body:
                return each
        raise LookupError(f"no {event} was delivered")

    def provenance(self, given: Given) -> Provenance:
        return Provenance(origin=Origin.SIMULATED, source=self._source, clock=self.now, given=given)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._open.close()

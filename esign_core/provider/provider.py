"""The contract: what a provider is, and what it may leave out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar, final

from esign_core.errors import EsignError, NotSupported, UnmappedTemplate
from esign_core.model import (
    Artifact,
    Capabilities,
    EnvelopeDraft,
    Gap,
    Job,
    LogEntry,
    Page,
    Query,
    SigningLink,
    Snapshot,
)
from esign_core.model.options import Options
from esign_core.provider.facets import Templates, Webhooks
from esign_core.provider.flow import (
    Body,
    Download,
    Flow,
    Limit,
    ParamValue,
    Request,
    Response,
    Token,
    answer,
)
from esign_core.provider.settings import ProviderSettings, TemplateTarget

SettingsT = TypeVar("SettingsT", bound=ProviderSettings)

OPTIONAL_OPERATIONS = (
    "poll",
    "dispatch",
    "cancel",
    "remind",
    "signing_links",
    "list_envelopes",
    "find",
    "log",
    "probe",
)
"""The operations that a provider may leave out; it supports those that it overrides."""


def utc_now() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)


class Provider(ABC, Generic[SettingsT]):
    """A translator between the neutral model and one vendor, for one account.

    Operations are flows; authors write the happy path. An answer of 400 or more goes through
    `explain`, and the error that it makes is thrown into the flow at its `yield`. An optional
    operation is supported if and only if it is overridden.
    """

    name: ClassVar[str]
    """What it is called in configurations: lower case, a-z, 0-9 and `-`."""
    title: ClassVar[str]
    """What people call the vendor."""
    Settings: ClassVar[type[ProviderSettings]]
    """The settings of one account."""
    capabilities: ClassVar[Capabilities]
    """What of a draft the vendor can do."""
    options: ClassVar[tuple[type[Options], ...]] = ()
    """The wishes that only this vendor knows: at most one class each for envelopes, signers and
    documents."""
    limits: ClassVar[tuple[Limit, ...]] = ()
    """What every request counts against."""
    paths: ClassVar[tuple[str, ...]] = ()
    """The paths that are asked for, with `{id}` for what differs, such as `/envelopes/{id}/send`:
    all that logs and traces tell of a request's address. The first that is like it counts."""
    longest_delay_seconds: ClassVar[float] = 900.0
    """How long after an unanswered `send` the envelope may still turn up at the vendor."""
    sandbox: ClassVar[str | None] = None
    """Where the simulator is: `package.module:Class`; loaded only when it is asked for."""

    def __init__(self, settings: SettingsT, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.now = clock

    @property
    @abstractmethod
    def hosts(self) -> Mapping[str, str]:
        """Base URLs by name; `api` is the default one. No other place is ever contacted."""

    # required

    @abstractmethod
    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot | Job]:
        """Ask for signatures, with at most one unrepeatable request.

        A vendor that works in two steps answers with a snapshot whose status is `draft`; its id
        is stored and `dispatch` called. `draft.mark` goes where `find` finds it again. A draft of
        a `template` that is a PDF here arrives with that document instead.
        """

    @abstractmethod
    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        """The envelope as it is now."""

    @abstractmethod
    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        """Where the bytes of a file are. The core brings them over."""

    @abstractmethod
    def explain(self, response: Response) -> EsignError:
        """The error that an answer of 400 or more stands for: by what it says, not its number.

        `AuthenticationFailed` proves that nothing was done, unless the status says that it broke
        on the way: 408, 460, 499, 500 and more.
        """

    # optional

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        """What has become of a job: the envelope, or the job again with when to ask next."""
        raise self._unsupported("wait for", job)

    def dispatch(self, remote_id: str) -> Flow[Snapshot]:
        """Send a draft that `send` has made; harmless when it is sent already."""
        raise self._unsupported("send in a second step", remote_id)

    def cancel(self, remote_id: str, *, reason: str | None = None) -> Flow[Snapshot]:
        """Call an envelope off, and what it is then.

        Raises:
            EnvelopeClosed: It has ended already; a finished one is never destroyed.
        """
        raise self._unsupported("cancel", remote_id, reason)

    def remind(self, remote_id: str, *, signer: str | None = None) -> Flow[None]:
        """Write once more to those who have not signed; to one, by the vendor's signer id."""
        raise self._unsupported("remind signers of", remote_id, signer)

    def signing_links(self, remote_id: str) -> Flow[tuple[SigningLink, ...]]:
        """Where each signer signs."""
        hint = f"; {self.title} writes to signers itself"
        raise self._unsupported("hand out signing links of", remote_id, hint=hint)

    def list_envelopes(self, query: Query) -> Flow[Page]:
        """One page of the account's envelopes."""
        raise self._unsupported("list", query)

    def find(self, mark: str, since: datetime) -> Flow[Snapshot | None]:
        """The envelope that carries `mark`, created at `since` or later; None proves nothing."""
        raise self._unsupported("look up", mark, since)

    def log(self, remote_id: str) -> Flow[tuple[LogEntry, ...]]:
        """The vendor's own record of an envelope, oldest first."""
        raise self._unsupported("show the log of", remote_id)

    def probe(self) -> Flow[Response]:
        """The answer to the cheapest request that needs good credentials; `doctor` makes it."""
        raise self._unsupported("be tried without")

    def grant(self) -> Flow[Token]:
        """A new token, for vendors whose credentials are not sent themselves."""
        raise self._unsupported("hand out tokens for")

    def authorize(self, request: Request, token: Token | None) -> Request:
        """The request with credentials; `token` is what `grant` answered, kept while it is good."""
        del token
        return request

    def inspect(self, draft: EnvelopeDraft) -> Iterable[Gap]:
        """What else of a draft cannot be done here: values and limits that no feature names."""
        del draft
        return ()

    def inspect_online(self, draft: EnvelopeDraft) -> Flow[tuple[Gap, ...]]:
        """What the vendor itself knows against a draft; it only reads.

        That the draft's template is there is looked at in any case.
        """
        del draft
        return answer(())

    @property
    def webhooks(self) -> Webhooks | None:
        """Deliveries, if the vendor makes any."""
        return None

    @property
    def templates(self) -> Templates | None:
        """Prepared documents, if the vendor has them."""
        return None

    # for authors

    @final
    @classmethod
    def supports(cls, operation: str) -> bool:
        """Whether an optional operation, or `grant`, is overridden."""
        return getattr(cls, operation) is not getattr(Provider, operation)

    @final
    def template_of(self, draft: EnvelopeDraft) -> TemplateTarget:
        """What the draft's template is at this connection.

        Raises:
            UnmappedTemplate: The settings do not tell.
        """
        name = draft.template.name if draft.template else ""
        target = self.settings.templates.get(name)
        if target is None:
            known = ", ".join(sorted(self.settings.templates)) or "none"
            raise UnmappedTemplate(
                f'the template "{name}" is not mapped here (mapped: {known}). Nothing was sent. '
                f"Add it to the connection's templates: {name} = {{ id = ... }} or "
                "{ document = ... }."
            )
        return target

    @final
    def get(self, path: str, **options: Any) -> Request:
        """A GET request; options as in `Request`."""
        return Request("GET", path, **options)

    @final
    def post(
        self,
        path: str,
        *,
        json: Any = None,
        body: Body | None = None,
        params: Mapping[str, ParamValue] | None = None,
        **options: Any,
    ) -> Request:
        """A POST request; not repeatable unless it says so."""
        return Request("POST", path, json=json, body=body, params=params or {}, **options)

    @final
    def put(self, path: str, **options: Any) -> Request:
        """A PUT request; not repeatable unless it says so."""
        return Request("PUT", path, **options)

    @final
    def patch(self, path: str, **options: Any) -> Request:
        """A PATCH request; not repeatable unless it says so."""
        return Request("PATCH", path, **options)

    @final
    def delete(self, path: str, **options: Any) -> Request:
        """A DELETE request; not repeatable unless it says so."""
        return Request("DELETE", path, **options)

    def _unsupported(self, verb: str, *arguments: object, hint: str = "") -> NotSupported:
        del arguments
        return NotSupported(
            f"{self.name} cannot {verb} an envelope: {self.title} has no such operation{hint}.",
            provider=self.name,
        )

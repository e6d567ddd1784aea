"""`Connection`, awaited: the same verbs, and nothing of their logic twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from esign_core.model import (
    ArtifactKind,
    EnvelopeDraft,
    EnvelopeStatus,
    Job,
    LogEntry,
    Query,
    SigningLink,
    Snapshot,
    Subscription,
)
from esign_core.service.defaults import JOB_PATIENCE_SECONDS, SIGNED
from esign_core.service.later import (
    AsyncDriver,
    Registry,
    Transport,
    check_here,
    connection_in,
    download,
    open_session,
    operations,
    read_config,
)

if TYPE_CHECKING:
    from esign_core.engine import Line, SavedFile
    from esign_core.provider import Check, Response, Template


class AsyncConnection:
    """One account at one vendor.

    Nothing is remembered: an answer that is lost is lost. Products use `AsyncEsign`, which keeps
    a journal.

    Args:
        provider: The provider's name, such as those that `esign providers` lists.
        name: What to call the account in errors; the provider's name if not given.
        registry: Where providers are looked for; the installed ones if not given.
        line: The way to the vendor; HTTP if not given. A test can put a recorder here.
        settings: The provider's settings.

    Raises:
        UnknownProvider: No installed provider is called that.
        Misconfigured: A setting is wrong, unknown or missing.
    """

    def __init__(
        self,
        provider: str,
        /,
        *,
        name: str | None = None,
        registry: Registry | None = None,
        line: Line | None = None,
        **settings: Any,
    ) -> None:
        self._driver = AsyncDriver()
        self._line = line or Transport()
        self._session = open_session(
            registry or Registry.installed(), provider, settings, name=name, line=self._line
        )

    @classmethod
    def from_config(cls, path: str | Path, name: str) -> Self:
        """The connection of that name in a TOML file, which `Esign.from_config` reads too.

        Raises:
            UnknownConnection: The file has no connection of that name.
            Misconfigured: The file cannot be read, or a setting is wrong.
        """
        provider, settings = connection_in(read_config(path), name)
        return cls(provider, name=name, **settings)

    async def check(self, draft: EnvelopeDraft, *, online: bool = False) -> Check:
        """What of a draft this provider cannot do: every gap at once, with a remedy for each.

        Args:
            draft: What is to be signed, and by whom.
            online: Ask the vendor too: whether the template is there and the credentials are
                good. Nothing is sent to anybody.

        Raises:
            UnmappedTemplate: The draft's template is not mapped here.
            ProviderError: The vendor could not be asked; only with `online`.
        """
        return await self._driver.run(check_here(self._session, draft, online=online))

    @overload
    async def send(
        self,
        draft: EnvelopeDraft,
        *,
        wait: Literal[True] = True,
        patience_seconds: float = JOB_PATIENCE_SECONDS,
    ) -> Snapshot: ...
    @overload
    async def send(
        self, draft: EnvelopeDraft, *, wait: bool, patience_seconds: float = JOB_PATIENCE_SECONDS
    ) -> Snapshot | Job: ...
    async def send(
        self,
        draft: EnvelopeDraft,
        *,
        wait: bool = True,
        patience_seconds: float = JOB_PATIENCE_SECONDS,
    ) -> Snapshot | Job:
        """Ask for signatures.

        Args:
            draft: What is to be signed, and by whom.
            wait: Wait for a vendor that makes envelopes in its own time; without it, its job is
                the answer there.
            patience_seconds: How long to wait at the most.

        Raises:
            NotSupported: The account cannot do it; with every gap.
            NotReady: The vendor is still making it after `patience_seconds`; ask for the error's
                `job` with `poll`.
            ProviderError: What the vendor said; `outcome` tells whether it was sent all the same.
        """
        return await self._driver.run(
            operations.send(self._session, draft, wait=wait, patience_seconds=patience_seconds)
        )

    async def poll(self, job: Job) -> Snapshot | Job:
        """What has become of a job: the envelope, or the job again.

        Raises:
            Refused: The vendor could not make it.
        """
        return await self._driver.run(operations.poll(self._session, job))

    async def fetch(self, remote_id: str) -> Snapshot:
        """The envelope as it is now, by the vendor's id.

        Raises:
            NotFound: The vendor has none under that id.
        """
        return await self._driver.run(operations.fetch(self._session, remote_id))

    async def list(
        self, *, status: EnvelopeStatus | None = None, cursor: str | None = None
    ) -> tuple[tuple[Snapshot, ...], str | None]:
        """One page of the account's envelopes, and the cursor of the next; None at the end.

        Raises:
            NotSupported: The vendor has no list.
        """
        query = Query(status=status, cursor=cursor)
        return await self._driver.run(operations.list_page(self._session, query))

    async def cancel(self, remote_id: str, *, reason: str | None = None) -> Snapshot:
        """Call an envelope off; what it is then.

        Raises:
            EnvelopeClosed: It has ended already.
        """
        return await self._driver.run(operations.cancel(self._session, remote_id, reason))

    async def remind(self, remote_id: str, *, signer: str | None = None) -> None:
        """Write once more to those who have not signed; to one, by the vendor's signer id.

        Raises:
            NotSupported: The vendor cannot.
        """
        return await self._driver.run(operations.remind(self._session, remote_id, signer))

    async def signing_links(self, remote_id: str) -> tuple[SigningLink, ...]:
        """Where each signer signs. Links are secrets.

        Raises:
            NotSupported: The vendor does not hand them out.
        """
        return await self._driver.run(operations.signing_links(self._session, remote_id))

    async def log(self, remote_id: str) -> tuple[LogEntry, ...]:
        """The vendor's own record of an envelope, oldest first.

        Raises:
            NotSupported: The vendor does not show it.
        """
        return await self._driver.run(operations.log(self._session, remote_id))

    async def templates(self) -> tuple[Template, ...]:
        """The vendor's prepared documents.

        Raises:
            NotSupported: The vendor has none.
        """
        return await self._driver.run(operations.templates(self._session))

    async def subscribe(self, url: str) -> Subscription:
        """Have the vendor send deliveries to `url`. Store the secret: it may not be shown again.

        Raises:
            NotSupported: The vendor's API cannot set that up.
        """
        return await self._driver.run(operations.subscribe(self._session, url))

    async def unsubscribe(self, subscription_id: str) -> None:
        """Have the vendor stop sending deliveries.

        Raises:
            NotSupported: The vendor's API cannot set that up.
        """
        return await self._driver.run(operations.unsubscribe(self._session, subscription_id))

    async def download(
        self, remote_id: str, *, to: str | Path, kinds: Collection[ArtifactKind] = SIGNED
    ) -> tuple[SavedFile, ...]:
        """Bring an envelope's files into a folder, each whole or not at all, with its SHA-256.

        Raises:
            NotReady: They are not there yet.
            DownloadFailed: One could not be brought over.
        """
        return await self._driver.run(download(self._session, remote_id, to=Path(to), kinds=kinds))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | bool | None] | None = None,
        json: Any = None,
        host: str = "api",
    ) -> Response:
        """Any other request to the vendor: authenticated, limited, explained, raw.

        Raises:
            ProviderError: The vendor answered with an error.
        """
        return await self._driver.run(
            operations.request(self._session, method, path, params=params, json=json, host=host)
        )

    async def aclose(self) -> None:
        """Close the connections to the vendor."""
        await self._line.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.name}>"

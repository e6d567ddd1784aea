"""`Esign`, awaited: the same verbs, and nothing of their logic twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esign_core.model import (
    ArtifactKind,
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    SigningLink,
    WebhookRequest,
)
from esign_core.service import arguments
from esign_core.service.condition import Condition
from esign_core.service.defaults import JOB_PATIENCE_SECONDS, SIGNED
from esign_core.service.later import (
    AsyncDriver,
    AsyncEvents,
    AsyncInbox,
    AsyncWork,
    AsyncWorker,
    check_via,
    condition,
    erase,
    operations,
    preview,
    receive,
    resolve,
    send,
    verbs,
)
from esign_core.service.opened import AsyncClosing
from esign_core.service.receipt import Receipt

if TYPE_CHECKING:
    from esign_core.engine import SavedFile
    from esign_core.provider import Check, Response
    from esign_core.service.erase import Erased
    from esign_core.service.preview import Preview


class AsyncEsign(AsyncClosing):
    """Envelopes over every connection, remembered in a journal.

    Args:
        connections: By name: `provider`, `endpoint` if deliveries do not go to the name, and the
            provider's settings.
        journal: Where everything is remembered, such as `sqlite:///esign.db`.
        refresh_after_seconds: How long without news of an open envelope before the vendor is
            asked; longer while nothing changes, and much longer where deliveries arrive.
        encryption_keys: What seals secrets in the journal, as `esign keys new` makes them: the
            first one seals, every one opens. Without any, tokens stay in memory.
        archive: The folder into which a worker brings the signed files of completed envelopes.
        keep_raw_days: After how many days a worker drops headers and bodies of deliveries; for
            ever if not given.
        registry: Where providers are looked for; the installed ones if not given.

    Raises:
        UnknownProvider: A connection names a provider that is not installed.
        Misconfigured: A setting is wrong, unknown or missing.
    """

    def _begin(self) -> None:
        self._driver = AsyncDriver()
        self.events = AsyncEvents(self._workspace, self._driver)
        self.inbox = AsyncInbox(self._workspace, self._driver)
        self.work = AsyncWork(self._workspace, self._driver)

    async def check(self, draft: EnvelopeDraft, *, via: str, online: bool = False) -> Check:
        """What of a draft a connection cannot do, and which connections could.

        Args:
            draft: What is to be signed, and by whom.
            via: The connection.
            online: Ask the vendor too: whether the template is there and the credentials are
                good. Nothing is sent to anybody.

        Raises:
            UnknownConnection: There is no such connection.
            UnmappedTemplate: The draft's template is not mapped there.
            ProviderError: The vendor could not be asked; only with `online`.
        """
        arguments.expect_text(via=via)
        return await self._driver.run(check_via(self._workspace, draft, via=via, online=online))

    async def send(
        self,
        draft: EnvelopeDraft,
        *,
        via: str,
        key: str,
        tenant: str = "",
        wait: bool = False,
        patience_seconds: float = JOB_PATIENCE_SECONDS,
    ) -> Envelope:
        """Ask for signatures, once for each key, whatever happens.

        Args:
            draft: What is to be signed, and by whom.
            via: The connection.
            key: A word of yours that is the same on every try: the same key and draft are the
                same envelope, for ever.
            tenant: Keys are unique in here.
            wait: Wait for a vendor that makes envelopes in its own time; without it, and after
                `patience_seconds`, the envelope is `queued` and a worker goes on.
            patience_seconds: How long to wait at the most.

        Raises:
            KeyReused: The key was used for another draft.
            NotSupported: The connection cannot do it; with every gap and the connections that can.
            ProviderError: What the vendor said; `outcome` tells whether it was sent all the same.
        """
        arguments.expect_text(via=via)
        return await self._driver.run(
            send(
                self._workspace,
                draft,
                via=via,
                key=key,
                tenant=tenant,
                wait_seconds=arguments.seconds_to_wait(patience_seconds, wait=wait),
            )
        )

    async def preview(
        self, draft: EnvelopeDraft, *, via: str, key: str, tenant: str = ""
    ) -> Preview:
        """What `send` would send; nothing is sent, nor written down.

        Raises:
            KeyReused: The key was used for another draft.
            UnmappedTemplate: The draft's template is not mapped there.
        """
        arguments.expect_text(via=via)
        return await self._driver.run(
            preview(self._workspace, draft, via=via, key=key, tenant=tenant)
        )

    async def get(self, envelope_id: str) -> Envelope:
        """An envelope as the journal knows it, without asking the vendor.

        Raises:
            UnknownEnvelope: There is none.
        """
        arguments.expect_text(envelope_id=envelope_id)
        return await self._driver.run(self._workspace.envelope(envelope_id))

    async def fetch(self, envelope_id: str) -> Envelope:
        """An envelope after a look at the vendor.

        Raises:
            UnknownEnvelope: There is none.
            NotReady: The vendor has no id for it yet.
        """
        return await self._driver.run(verbs.fetch(self._workspace, envelope_id))

    async def list(
        self,
        *,
        tenant: str | None = None,
        connection: str | None = None,
        status: EnvelopeStatus | None = None,
        limit: int = 100,
    ) -> tuple[Envelope, ...]:
        """The journal's envelopes, the newest first.

        Raises:
            UnknownConnection: There is no such connection.
        """
        return await self._driver.run(
            verbs.list_envelopes(
                self._workspace, tenant=tenant, connection=connection, status=status, limit=limit
            )
        )

    async def cancel(self, envelope_id: str, *, reason: str | None = None) -> Envelope:
        """Call an envelope off.

        Raises:
            EnvelopeClosed: It has ended already.
        """
        return await self._driver.run(verbs.cancel(self._workspace, envelope_id, reason))

    async def remind(self, envelope_id: str, *, signer: str | None = None) -> None:
        """Write once more to those who have not signed; to one, by our signer id such as `s1`.

        Raises:
            NotSupported: The vendor cannot.
        """
        return await self._driver.run(verbs.remind(self._workspace, envelope_id, signer))

    async def signing_links(self, envelope_id: str) -> tuple[SigningLink, ...]:
        """Where each signer signs. Links are secrets, and are not kept in the journal.

        Raises:
            NotSupported: The vendor does not hand them out.
        """
        return await self._driver.run(verbs.signing_links(self._workspace, envelope_id))

    async def download(
        self, envelope_id: str, *, to: str | Path, kinds: Collection[ArtifactKind] = SIGNED
    ) -> tuple[SavedFile, ...]:
        """Bring an envelope's files into `to/<envelope id>/`, each whole or not at all.

        Raises:
            NotReady: They are not there yet.
            DownloadFailed: One could not be brought over.
        """
        return await self._driver.run(verbs.download(self._workspace, envelope_id, to, kinds))

    async def resolve(
        self,
        envelope_id: str,
        *,
        adopt: str | None = None,
        resend: bool = False,
        abandon: bool = False,
    ) -> Envelope:
        """An envelope in doubt, after a person's decision: exactly one of these.

        `adopt` says what it is there, by the vendor's id. `resend` says that nothing went out:
        after a last look there its key is free, and the next `send` with that key goes out.
        `abandon` stops looking: it ends as `failed`, and its key stays taken.

        Raises:
            EnvelopeClosed: There is nothing to decide, or that is another envelope.
            NotReady: It may still turn up by itself; `retry_after_seconds` tells how long.
            ProviderError: The vendor could not be asked; nothing was decided.
        """
        arguments.expect_decision(envelope_id, adopt)
        return await self._driver.run(
            resolve(self._workspace, envelope_id, adopt=adopt, resend=resend, abandon=abandon)
        )

    async def request(
        self,
        via: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | bool | None] | None = None,
        json: Any = None,
        host: str = "api",
    ) -> Response:
        """Any other request to a vendor: authenticated, limited, explained, raw.

        Raises:
            ProviderError: The vendor answered with an error.
        """
        arguments.expect_request(via, method, path, host, params)
        session = self._workspace.session(via)
        return await self._driver.run(
            operations.request(session, method, path, params=params, json=json, host=host)
        )

    async def receive(self, endpoint: str, request: WebhookRequest) -> Receipt:
        """Take a delivery in; when this answers, it is on disk.

        Args:
            endpoint: The connection's name, or the opaque id that its settings give.
            request: The delivery, its body as raw bytes.

        Raises:
            UnknownConnection: No connection has that endpoint.
            WebhookRejected: It is not authentic; answer 401.
            JournalUnusable: It could not be kept; answer 503, and the vendor delivers it again.
        """
        arguments.expect_delivery(endpoint, request)
        return await self._driver.run(receive(self._workspace, endpoint, request))

    async def erase(self, email: str, *, is_try: bool = False) -> Erased:
        """Remove a person's data from the journal and its raw deliveries, for ever.

        Args:
            email: The person's address, in whatever case.
            is_try: Only look which envelopes tell of them.

        Raises:
            NotReady: One of those envelopes is still open; nothing was erased.
            JournalUnusable: It was not erased everywhere; do it again.
        """
        return await self._driver.run(erase(self._workspace, email, is_try=is_try))

    async def condition(self) -> Condition:
        """How the journal stands: how far its stream is, what is left to do, what is in doubt.

        Raises:
            JournalUnusable: It cannot be written, which is tried.
        """
        return await self._driver.run(condition(self._workspace))

    def worker(self, *, tasks: int = 2) -> AsyncWorker:
        """Do what is left to do, while the answer's `async with` block lasts."""
        arguments.expect_count(most=arguments.MOST_THREADS, tasks=tasks)
        return AsyncWorker(self._workspace, self._driver, tasks=tasks)

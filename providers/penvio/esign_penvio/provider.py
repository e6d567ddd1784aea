"""Penvio envelopes: made from templates, sent in a second step, results in the customer's bucket.

Source: E-Sign API v1 (V) unless a line says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from esign_core.errors import (
    EnvelopeClosed,
    Misconfigured,
    NotFound,
    NotReady,
    ProviderError,
    Refused,
)
from esign_core.model import (
    Artifact,
    Capabilities,
    EnvelopeDraft,
    EnvelopeStatus,
    Feature,
    Gap,
    Page,
    Query,
    Snapshot,
)
from esign_core.provider import (
    Download,
    Flow,
    Limit,
    ObjectDownload,
    Provider,
    Request,
    Response,
    Token,
    answer,
)
from esign_penvio.create import point_at_draft, to_body
from esign_penvio.explain import explain
from esign_penvio.metadata import TAKEN, mark_of
from esign_penvio.paging import page_number, read_page
from esign_penvio.paths import ENVELOPES, PATHS, TEMPLATES, path
from esign_penvio.settings import PenvioSettings
from esign_penvio.statuses import WORD
from esign_penvio.storage import safe_key
from esign_penvio.templates import PenvioTemplates
from esign_penvio.webhooks import PenvioWebhooks
from esign_penvio.wire import Roles, data_of, to_snapshot

_MOST_PAGES = 400  # of a search: 40,000 envelopes; an empty search proves nothing anyway


class PenvioProvider(Provider[PenvioSettings]):
    """Penvio's envelopes. Documents are templates in its dashboard; signers are e-mailed."""

    name = "penvio"
    title = "Penvio"
    Settings = PenvioSettings
    capabilities = Capabilities(
        templates=True,
        signing_order=True,
        subject=True,
        message=True,
        expiry=True,
        metadata=True,
        max_signers=20,
    )
    limits = (Limit("requests", 10_000, 900.0),)  # "10,000 requests per 15 minutes" (V)
    paths = PATHS
    sandbox = "esign_penvio.sandbox:PenvioSandbox"

    @property
    def hosts(self) -> Mapping[str, str]:
        """Penvio's one host."""
        return {"api": self.settings.base_url}

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot]:
        """Make the envelope, unsent: a draft snapshot, for `dispatch` to send.

        Penvio has no idempotency key. In two steps the id is stored before anybody is written to,
        so that a lost answer never leads to a second envelope in somebody's inbox.

        `to_body` tells what of the draft becomes what.

        Raises:
            UnmappedTemplate: The settings do not tell what the template is here.
            NotFound: Penvio has no such template.
            Refused: Penvio finds something wrong; `problems` has the draft's fields.
            QuotaExceeded: The month's envelopes are used up.

        Source: "Create Envelope" (V).
        """
        target = self.template_of(draft)
        try:
            response = yield self.post(ENVELOPES, json=to_body(draft, target, self.settings))
        except (Refused, NotFound) as error:
            point_at_draft(error, draft, target)
            raise
        return self._snapshot(data_of(response))

    def dispatch(self, remote_id: str) -> Flow[Snapshot]:
        """Send an envelope that is still a draft; one that is not is only looked at.

        Raises:
            EnvelopeClosed: Penvio will not send it though it is a draft.
            NotFound: There is no such envelope.

        Source: "Send Envelope. Only works for envelopes in DRAFT status" (V); what it answers is
        not documented, so the envelope is fetched.
        """
        envelope = path(ENVELOPES, remote_id)
        refusal: EnvelopeClosed | None = None
        try:
            # Asking twice does no harm: the second time it is no draft any more.
            _ = yield self.post(f"{envelope}/send", repeatable=True)
        except EnvelopeClosed as error:
            refusal = error
        found = yield from self.fetch(remote_id)
        if refusal is not None and found.status is EnvelopeStatus.DRAFT:
            raise refusal
        return found

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        """The envelope as it is now.

        Raises:
            NotFound: There is no such envelope.

        Source: "Get Envelope" (V).
        """
        response = yield self.get(path(ENVELOPES, remote_id))
        return self._snapshot(data_of(response))

    def cancel(self, remote_id: str, *, reason: str | None = None) -> Flow[Snapshot]:
        """Call the envelope off; the reason is passed on.

        It is looked at first: Penvio refuses for COMPLETED, CANCELLED and EXPIRED, and does not
        say what it does with DECLINED.

        Raises:
            EnvelopeClosed: It has ended already.
            NotFound: There is no such envelope.

        Source: "Cancel Envelope" (V); what it answers is not documented, so it is fetched.
        """
        before = yield from self.fetch(remote_id)
        if before.status.is_final or before.status is EnvelopeStatus.FINALIZING:
            raise EnvelopeClosed(
                f"it is {before.status} already; nothing was changed.", raw=before.raw
            )
        refusal: EnvelopeClosed | None = None
        try:
            body = {"reason": reason} if reason else None
            # Asking twice does no harm: the second time it is cancelled already.
            _ = yield self.post(f"{path(ENVELOPES, remote_id)}/cancel", json=body, repeatable=True)
        except EnvelopeClosed as error:
            refusal = error
        after = yield from self.fetch(remote_id)
        if refusal is not None and after.status is not EnvelopeStatus.CANCELLED:
            raise refusal
        return after

    def remind(self, remote_id: str, *, signer: str | None = None) -> Flow[None]:
        """Write once more to every pending signer, or to one by Penvio's signer id.

        Raises:
            EnvelopeClosed: Nobody has anything left to sign.
            NotFound: There is no such envelope.

        Source: "Send Reminder" (V).
        """
        body = {"signerId": signer} if signer else None
        _ = yield self.post(f"{path(ENVELOPES, remote_id)}/remind", json=body)

    def list_envelopes(self, query: Query) -> Flow[Page]:
        """One page; the cursor is Penvio's page number.

        Penvio filters by its own words only, so what is asked for beyond them is sorted out here:
        a page may be empty and still have one after it.

        Source: "List Envelopes" (V).
        """
        if query.status not in {None, EnvelopeStatus.UNKNOWN, *WORD}:
            return Page((), None)  # a status that no envelope has here
        word = WORD.get(query.status) if query.status else None
        page = yield from read_page(ENVELOPES, page_number(query.cursor), status=word)
        found = [each for each in map(self._snapshot, page.items) if _is_asked(each, query)]
        return Page(tuple(found), str(page.next_number) if page.next_number else None)

    def find(self, mark: str, since: datetime) -> Flow[Snapshot | None]:
        """The envelope whose metadata carry `mark`.

        First among the drafts, where one is whose creation was not answered; then among all of
        them, because a person may have sent or cancelled it in the dashboard meanwhile, and
        because drafts that are sent move the others to pages that were read already.

        Source: "List Envelopes" (V). There is no filter for metadata or time, and the order of
        the list is not documented, so `since` shortens nothing.
        """
        del since
        for word in (WORD[EnvelopeStatus.DRAFT], None):
            number: int | None = 1
            while number is not None and number <= _MOST_PAGES:
                page = yield from read_page(ENVELOPES, number, status=word)
                for item in page.items:
                    if mark_of(item) == mark:
                        return self._snapshot(item)
                number = page.next_number
        return None

    def probe(self) -> Flow[Response]:
        """A page of one template at the most. Source: "List Templates" (V)."""
        return (yield self.get(TEMPLATES, params={"page": 1, "pageSize": 1}))

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        """Where the file is in the customer's bucket.

        Raises:
            Misconfigured: `bucket_url` is not set.
            NotReady: Penvio has not said where the file is.
            UnreadableAnswer: The key that Penvio tells could lead out of the bucket.

        Source: "Retrieving Documents (BYOB)" (V).
        """
        del snapshot  # the key tells all
        if not artifact.key:
            raise NotReady(f"Penvio has not put the {artifact.kind} file in the bucket yet.")
        bucket = self.settings.bucket_url
        if bucket is None:
            raise Misconfigured(
                "bucket_url is not set. Nothing was downloaded: Penvio puts finished documents "
                'into your own bucket and hands out none itself. Set bucket_url = "s3://..." and '
                "storage_options."
            )
        options = {k: v.get_secret_value() for k, v in self.settings.storage_options.items()}
        return (yield from answer(ObjectDownload(bucket, safe_key(artifact.key), options)))

    def explain(self, response: Response) -> ProviderError:
        """The error that an answer stands for, by Penvio's code."""
        return explain(response, self.now())

    def authorize(self, request: Request, token: Token | None) -> Request:
        """The request with the key. Source: "Authentication" (V)."""
        del token
        return request.with_headers(
            authorization=f"Bearer {self.settings.api_key.get_secret_value()}"
        )

    def inspect(self, draft: EnvelopeDraft) -> Iterable[Gap]:
        """What no feature names: the words of the metadata that are taken.

        Nothing more is known here. Whether a role fits only Penvio can tell, when it creates the
        envelope: the API shows no roles, and whose a template's fields are it does not say.
        """
        for word, why in TAKEN.items():
            if word in draft.metadata:
                yield Gap(
                    Feature.METADATA, f"metadata.{word}", f'"{word}" {why}', "take another word"
                )

    @property
    def webhooks(self) -> PenvioWebhooks:
        """Deliveries, in both documented shapes."""
        return PenvioWebhooks()

    @property
    def templates(self) -> PenvioTemplates:
        """The templates of the account."""
        return PenvioTemplates()

    def _snapshot(self, data: Any) -> Snapshot:
        template_id = data.get("templateId") if isinstance(data, dict) else None
        return to_snapshot(data, self._roles(template_id))

    def _roles(self, template_id: object) -> Roles:
        """What the roles of a template of Penvio's are called here."""
        roles: dict[str, str | None] = {}
        for target in self.settings.templates.values():
            if target.id is not None and target.id == template_id:
                for ours, theirs in target.roles.items():
                    # Two names for one role: nobody can say which of them it is.
                    roles[theirs] = ours if roles.get(theirs, ours) == ours else None
        return roles


def _is_asked(snapshot: Snapshot, query: Query) -> bool:
    if query.status is not None and snapshot.status is not query.status:
        return False
    if query.since is None or snapshot.created_at is None:
        return True
    return snapshot.created_at >= query.since

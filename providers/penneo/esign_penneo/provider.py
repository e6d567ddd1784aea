"""Penneo case files as envelopes.

Grades in `Source:`: V the vendor wrote it, T a third party's working code, I inferred, X sources
contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from esign_core.errors import EnvelopeClosed, EsignError, NotFound, NotReady, Refused
from esign_core.model import (
    Artifact,
    ArtifactKind,
    Capabilities,
    EnvelopeDraft,
    EnvelopeStatus,
    Gap,
    Job,
    LogEntry,
    Page,
    Query,
    SigningLink,
    Snapshot,
)
from esign_core.provider import (
    Download,
    Flow,
    HttpDownload,
    Limit,
    Provider,
    Request,
    Response,
    Token,
    answer,
)
from esign_penneo import casefiles, jobs, signers
from esign_penneo.calling_off import stoppable_for
from esign_penneo.create import JSON_PATH, MULTIPART_PATH, upload
from esign_penneo.explain import explain
from esign_penneo.folders import FOLDERS, missing_folder
from esign_penneo.gaps import gaps_of
from esign_penneo.oauth import api_keys, authorized
from esign_penneo.options import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions
from esign_penneo.origins import at_the_callers_fields
from esign_penneo.paths import DOCUMENTS, PATHS, path
from esign_penneo.settings import PenneoSettings
from esign_penneo.snapshots import to_snapshot
from esign_penneo.statuses import FILTER
from esign_penneo.webhooks import PenneoWebhooks

_CLOCKS_DIFFER = timedelta(minutes=5)


class PenneoProvider(Provider[PenneoSettings]):
    """Penneo case files as envelopes."""

    name = "penneo"
    title = "Penneo"
    Settings = PenneoSettings
    capabilities = Capabilities(
        documents=True,
        several_documents=True,
        attachments=True,
        document_roles=True,
        signing_order=True,
        signing_groups=True,
        email_delivery=True,
        link_delivery=True,
        copies=True,
        subject=True,
        message=True,
        signer_message=True,
        language=True,
        signer_language=True,
        scheduled_sending=True,
        expiry=True,
        expiry_time=True,
        reminders=True,
        redirects=True,
        identity=True,
        metadata=True,
    )
    options = (PenneoOptions, PenneoSignerOptions, PenneoDocumentOptions)
    # What Microsoft allows its own connector (V); what Penneo itself allows is not documented.
    limits = (Limit("penneo-account", 100, 60.0),)
    paths = PATHS
    sandbox = "esign_penneo.sandbox:PenneoSandbox"

    @property
    def hosts(self) -> Mapping[str, str]:
        """Where the APIs are, and where tokens come from."""
        return {"api": self.settings.base_url, "oauth": self.settings.oauth_url}

    def send(self, draft: EnvelopeDraft) -> Flow[Job]:
        """The job that makes and sends the case file; `poll` tells what has become of it.

        The mark goes into `metaData`. A signer whose delivery is `link` gets no e-mail address
        there, and so Penneo writes them nothing.

        Raises:
            Refused: Something of it is wrong; `problems` points at fields of the draft.
            UnreadableAnswer: It was accepted in words that nobody knows.

        Source: Postman for multipart, the connector for JSON (V); without e-mail: seed (V).
        """
        where = MULTIPART_PATH
        if self.settings.upload == "json":
            where = JSON_PATH[self.settings.environment]
        body = upload(draft, self.settings.upload, self.now())
        try:
            reply = yield self.post(where, body=body)
        except Refused as error:
            error.problems = at_the_callers_fields(error.problems, draft)
            raise
        return jobs.accepted(reply, is_scheduled=draft.send_at is not None)

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        """The case file with its signing links, or the job again.

        Raises:
            Refused: The job failed; nothing was made.
            Uncertain: Somebody has created it already.
            NotFound: Penneo no longer knows the job.
            UnreadableAnswer: It is done and does not say what it made.

        Source: seed, Postman, the connector (V).
        """
        return (yield from jobs.status_of(job))

    def fetch(self, remote_id: str, *, gone: EnvelopeStatus | None = None) -> Flow[Snapshot]:
        """The case file as it is now, with what its signers' logs tell.

        It costs one request, and one more for each signer once the case file has left "new": only
        the logs know who was written to, looked, signed or said no, and when.

        Args:
            remote_id: The case file's id.
            gone: What it is if Penneo no longer has it; None makes that an error.

        Raises:
            NotFound: There is no such case file.

        Source: Postman (V) for the case file, SDKs (V) for the log.
        """
        try:
            case_file = yield from casefiles.one(remote_id)
        except NotFound:
            if gone is None:
                raise
            return Snapshot(remote_id, gone)
        histories = yield from casefiles.histories(case_file)
        return to_snapshot(case_file, histories, self.now())

    def cancel(self, remote_id: str, *, reason: str | None = None) -> Flow[Snapshot]:
        """Stop the case file; whoever has not signed no longer can.

        Penneo has no word for cancelling: deleting a sent case file is its only way, and the
        reason is not passed on. A signature that arrives between look and deletion is lost with
        it; no call of Penneo closes that gap, which is ten seconds at the most.

        Raises:
            EnvelopeClosed: It has ended, or everybody has signed: a contract would be destroyed.
            Refused: Nobody knows what its state means.
            RateLimited, Unavailable: It could not be deleted at once after a look.
            NotFound: There is no such case file.

        Source: Postman, request 6 (V); effect on a pending case file inferred (X: "permanently").
        """
        del reason
        seconds = yield from stoppable_for(partial(self.fetch, remote_id), self.now)
        # 200 by Postman, 204 by NET (X). Never repeated: it may be completed by then.
        _ = yield self.delete(path(casefiles.CASE_FILES, remote_id), patience_seconds=seconds)
        return (yield from self.fetch(remote_id, gone=EnvelopeStatus.CANCELLED))

    def remind(self, remote_id: str, *, signer: str | None = None) -> Flow[None]:
        """Send the request's e-mail once more, to those who got it and have not acted.

        Raises:
            EnvelopeClosed: It has ended, or the signer has acted.
            NotFound: There is no such case file or signer.
            Refused: Penneo has written to nobody who has not acted since.

        Source: Postman, NET (V): the only one-off reminder there is.
        """
        found = yield from self.fetch(remote_id)
        if found.status.is_final:
            raise EnvelopeClosed(f"it is {found.status} already.", raw=found.raw)
        for each in signers.to_remind(found.signers, signer):
            yield from signers.send_again(remote_id, each)

    def signing_links(self, remote_id: str) -> Flow[tuple[SigningLink, ...]]:
        """Where each signer signs: two requests for each of them.

        Raises:
            NotFound: There is no such case file.

        Source: Postman, NET (V); the link is element 0 of a JSON array.
        """
        return (yield from signers.links_of((yield from casefiles.one(remote_id))))

    def list_envelopes(self, query: Query) -> Flow[Page]:
        """One page, newest first; the cursor is Penneo's page number.

        Rows are case files without their signers' logs: `sent` may be `in_progress` already, and
        a deleted one is `unknown`, because only the logs tell what it was before. Pages can
        overlap (V). A row that cannot be read is left out.

        Raises:
            NotFound: The cursor is none of Penneo's.
            UnreadableAnswer: Not one row can be read.

        Source: Postman, PHP (V).
        """
        if query.status is not None and query.status not in FILTER:
            return Page((), None)  # a status that no case file has
        status = FILTER[query.status] if query.status else None
        rows = yield from casefiles.some(query.cursor or "1", query.since, status)
        snapshots = tuple(to_snapshot(row, None, self.now()) for row in rows.case_files())
        return Page(snapshots, rows.next_page)

    def find(self, mark: str, since: datetime) -> Flow[Snapshot | None]:
        """The case file whose `metaData` or reference carries `mark`; None proves nothing.

        The list is read and compared here: whether Penneo's own filter for `metaData` wants the
        whole text or a part of it is not documented.

        Source: Postman, PHP (V) for the list.
        """
        found = yield from casefiles.marked(mark, since - _CLOCKS_DIFFER)
        return None if found is None else (yield from self.fetch(found))

    def log(self, remote_id: str) -> Flow[tuple[LogEntry, ...]]:
        """Every signer's log, oldest first, in Penneo's words.

        Raises:
            NotFound: There is no such case file.

        Source: SDKs (V).
        """
        return (yield from signers.log_of((yield from casefiles.one(remote_id))))

    def probe(self) -> Flow[Response]:
        """The account's folders: a short list. Source: Postman, PHP (V)."""
        return (yield self.get(FOLDERS))

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        """Where a document is: as it was signed, or as it was sent.

        Raises:
            NotReady: It is not completed, and Penneo makes signed documents at the end.

        Source: PHP, NET (V); `Accept` decides between bytes and base64 (X), so it is sent.
        """
        is_signed = artifact.kind is ArtifactKind.SIGNED
        if is_signed and snapshot.status is not EnvelopeStatus.COMPLETED:
            raise NotReady(f"it is {snapshot.status}; Penneo makes signed documents at the end.")
        request = self.get(
            path(DOCUMENTS, artifact.key, "content"),
            params={} if is_signed else {"signed": "false"},
            headers={"Accept": "application/pdf"},
        )
        return (yield from answer(HttpDownload(request)))

    def grant(self) -> Flow[Token]:
        """A token for ten minutes, by API keys.

        Raises:
            AuthenticationFailed: The client or the keys are not known in this environment.

        Source: Postman, PHP, NET (V).
        """
        return (yield from api_keys(self.settings, self.now()))

    def authorize(self, request: Request, token: Token | None) -> Request:
        """The request with the token, where its API wants it. Source: Postman, PHP, NET (V)."""
        return request if token is None else authorized(request, token)

    def explain(self, response: Response) -> EsignError:
        """The error that an answer stands for, by what it says."""
        return explain(response, self.now())

    def inspect(self, draft: EnvelopeDraft) -> Iterable[Gap]:
        """Values, lengths and spellings that Penneo does not take."""
        return gaps_of(draft, self.now(), is_multipart=self.settings.upload == "multipart")

    def inspect_online(self, draft: EnvelopeDraft) -> Flow[tuple[Gap, ...]]:
        """A folder that the account does not have. Nobody is asked where none is wished for."""
        return missing_folder(draft.option(PenneoOptions).folder_id)

    @property
    def webhooks(self) -> PenneoWebhooks:
        """Deliveries, of both generations."""
        return PenneoWebhooks()

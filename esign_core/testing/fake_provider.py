"""The adapter for the vendor in memory: a whole provider in one file, in three styles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from esign_core.errors import (
    AuthenticationFailed,
    EnvelopeClosed,
    EsignError,
    NotFound,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)
from esign_core.model import (
    Artifact,
    ArtifactKind,
    Capabilities,
    EnvelopeDraft,
    EnvelopeStatus,
    Job,
    SignerSnapshot,
    SignerStatus,
    SigningLink,
    Snapshot,
)
from esign_core.provider import (
    Download,
    Flow,
    HttpDownload,
    Provider,
    ProviderSettings,
    Registry,
    Request,
    Response,
    Token,
    answer,
    hookimpl,
)
from esign_core.testing.fake import API_KEY
from esign_core.testing.fake_webhooks import SECRET, FakeWebhooks, status_of

POLL_AFTER_SECONDS = 2.0
_ERRORS: dict[int, type[ProviderError]] = {
    401: AuthenticationFailed,
    404: NotFound,
    409: EnvelopeClosed,
    422: Refused,
    429: RateLimited,
}


class Style(StrEnum):
    """How the vendor makes envelopes."""

    DIRECT = "direct"
    """At once, with one request."""
    JOB = "job"
    """In its own time; one asks what has become of it."""
    DRAFT = "draft"
    """In two steps: a draft, then sending it."""


_PLACE = {Style.DIRECT: "/envelopes", Style.JOB: "/jobs", Style.DRAFT: "/drafts"}


class FakeSettings(ProviderSettings):
    """An account at the vendor in memory."""

    style: Style = Style.DIRECT
    api_key: SecretStr = SecretStr(API_KEY)
    webhook_secrets: tuple[SecretStr, ...] = (SecretStr(SECRET),)


class FakeProvider(Provider[FakeSettings]):
    """A vendor that exists in memory only."""

    name = "fake"
    title = "Fake"
    Settings = FakeSettings
    capabilities = Capabilities(
        documents=True, templates=True, signing_order=True, link_delivery=True, message=True
    )

    @property
    def hosts(self) -> Mapping[str, str]:
        """No such host."""
        return {"api": "https://fake.invalid"}

    @property
    def webhooks(self) -> FakeWebhooks:
        """Signed over time and body."""
        return FakeWebhooks()

    def authorize(self, request: Request, token: Token | None) -> Request:
        """With the API key."""
        del token
        return request.with_headers(
            authorization=f"Bearer {self.settings.api_key.get_secret_value()}"
        )

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot | Job]:
        """The envelope, a job, or a draft, as the settings say."""
        signers = [{"name": s.name, "email": s.email, "role": s.role} for s in draft.signers]
        body = {"title": draft.title, "mark": draft.mark, "signers": signers}
        return _made((yield self.post(_PLACE[self.settings.style], json=body)))

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        """The envelope, or the job again."""
        return _made((yield self.get(f"/jobs/{job.handle['job']}")))

    def dispatch(self, remote_id: str) -> Flow[Snapshot]:
        """The draft, sent."""
        return snapshot((yield self.post(f"/envelopes/{remote_id}/send")).json())

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        """The envelope as it is now."""
        return snapshot((yield self.get(f"/envelopes/{remote_id}")).json())

    def find(self, mark: str, since: datetime) -> Flow[Snapshot | None]:
        """The envelope that carries the mark."""
        del since
        found = (yield self.get("/envelopes", params={"mark": mark})).json()["found"]
        return snapshot(found[0]) if found else None

    def cancel(self, remote_id: str, *, reason: str | None = None) -> Flow[Snapshot]:
        """The envelope, called off."""
        del reason
        return snapshot((yield self.post(f"/envelopes/{remote_id}/cancel")).json())

    def remind(self, remote_id: str, *, signer: str | None = None) -> Flow[None]:
        """Nothing."""
        body = {"signer": signer} if signer else {}
        _ = yield self.post(f"/envelopes/{remote_id}/remind", json=body)

    def signing_links(self, remote_id: str) -> Flow[tuple[SigningLink, ...]]:
        """Where each signer signs."""
        links = (yield self.get(f"/envelopes/{remote_id}/links")).json()["links"]
        return tuple(
            SigningLink(None, each["name"], each["url"], each["role"], each["id"]) for each in links
        )

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        """The file's address."""
        return answer(HttpDownload(self.get(f"/envelopes/{snapshot.remote_id}/{artifact.key}")))

    def explain(self, response: Response) -> EsignError:
        """By the number: the vendor says little."""
        kind = _ERRORS.get(response.status, Unavailable)
        patience = 30.0 if response.status == 429 else None
        message = f"{response.status}, {response.json()['error']}."
        return kind(message, retry_after_seconds=patience)


def _made(reply: Response) -> Snapshot | Job:
    data = reply.json()
    if "job" in data:
        return Job({"job": data["job"]}, poll_after_seconds=POLL_AFTER_SECONDS)
    return snapshot(data)


def snapshot(shown: Mapping[str, Any]) -> Snapshot:
    """An envelope as the API shows it, in neutral words."""
    status = status_of(shown["status"])
    is_done = status is EnvelopeStatus.COMPLETED
    signed = Artifact(ArtifactKind.SIGNED, "signed.pdf", "file")
    return Snapshot(
        remote_id=shown["id"],
        status=status,
        title=shown["title"],
        signers=tuple(
            SignerSnapshot(
                each["id"],
                each["name"],
                each["email"],
                each["role"],
                status=SignerStatus(each["status"]),
            )
            for each in shown["signers"]
        ),
        artifacts=(signed,) if is_done else (),
        mark=shown["mark"],
        raw=dict(shown),
    )


class _Plugin:
    @hookimpl
    def esign_providers(self) -> list[type[Provider[Any]]]:
        return [FakeProvider]


def fake_registry() -> Registry:
    """A registry with this provider alone."""
    registry = Registry.load(())
    registry.add_plugin(_Plugin(), name="fake")
    return registry

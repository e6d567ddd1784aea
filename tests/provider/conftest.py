"""A small provider, written as the contract asks, and drafts to try it with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import pytest

from esign_core.errors import EsignError, ProviderError
from esign_core.model import (
    Artifact,
    Capabilities,
    Document,
    EnvelopeDraft,
    EnvelopeStatus,
    Gap,
    Snapshot,
)
from esign_core.provider import (
    Download,
    Flow,
    HttpDownload,
    Provider,
    ProviderSettings,
    Request,
    Response,
    answer,
)


class AcmeSettings(ProviderSettings):
    """Settings of the small provider."""

    api_key: str = "canary"
    base_url: str = "https://acme.example"


class Acme(Provider[AcmeSettings]):
    """The least that a provider has, and `cancel`."""

    name = "acme"
    title = "Acme"
    Settings = AcmeSettings
    capabilities = Capabilities(documents=True, message=True, max_signers=2)
    odd_titles: ClassVar[frozenset[str]] = frozenset({"odd"})

    @property
    def hosts(self) -> Mapping[str, str]:
        return {"api": self.settings.base_url}

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot]:
        _ = yield self.post("/envelopes", json={"title": draft.title})
        return Snapshot("remote_1", EnvelopeStatus.SENT)

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        _ = yield self.get(f"/envelopes/{remote_id}")
        return Snapshot(remote_id, EnvelopeStatus.SENT)

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        return answer(HttpDownload(Request("GET", f"/files/{artifact.key}")))

    def explain(self, response: Response) -> EsignError:
        return ProviderError(f"{response.status}.")

    def cancel(self, remote_id: str, *, reason: str | None = None) -> Flow[Snapshot]:
        _ = yield self.delete(f"/envelopes/{remote_id}")
        return Snapshot(remote_id, EnvelopeStatus.CANCELLED)

    def inspect(self, draft: EnvelopeDraft) -> Iterable[Gap]:
        yield from super().inspect(draft)
        if draft.title in self.odd_titles:
            yield Gap(None, "title", "acme has no odd titles", "take an even one")


@pytest.fixture
def acme_class() -> type[Acme]:
    """The class, as a plugin brings it."""
    return Acme


@pytest.fixture
def make_acme() -> Callable[..., Acme]:
    """The provider with settings of one's choice."""
    return lambda **settings: Acme(AcmeSettings.model_validate(settings))


@pytest.fixture
def acme() -> Acme:
    """The provider."""
    return Acme(AcmeSettings())


@pytest.fixture
def make_draft() -> Callable[..., EnvelopeDraft]:
    """A draft of one document for Ann, unless something else is given."""

    def make(**fields: Any) -> EnvelopeDraft:
        ann = {"name": "Ann", "email": "ann@example.com", "role": "tenant"}
        given = {"title": "Lease 14", "signers": [ann], **fields}
        if "template" not in given:
            pdf = Document.from_bytes(b"%PDF-1.7", name="lease.pdf")
            given = {"documents": [pdf], **given}
        return EnvelopeDraft.model_validate(given)

    return make

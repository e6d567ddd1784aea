"""Penvio's JSON, and its translation to snapshots and templates.

Source: E-Sign API v1, "Create Envelope", "Templates" (V). Fields that Penvio adds later are let
through to `raw`; of those it documents, only `id` and `status` must be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from esign_core.errors import UnreadableAnswer
from esign_core.model import (
    Artifact,
    ArtifactKind,
    EnvelopeStatus,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    problems_of,
)
from esign_core.provider import Response, Template
from esign_penvio.metadata import to_metadata
from esign_penvio.statuses import envelope_status, signer_status

Roles = Mapping[str, str | None]
"""A role of Penvio's template, and what it is called here; None where that is not clear."""


def to_snapshot(data: Any, roles: Roles) -> Snapshot:
    """An envelope of Penvio's.

    Raises:
        UnreadableAnswer: It is none.
    """
    envelope = read(WireEnvelope, data)
    metadata = to_metadata(envelope.metadata)
    status = envelope_status(
        envelope.status, has_signed_file=bool(envelope.signed_document_storage_key)
    )
    return Snapshot(
        remote_id=envelope.id,
        status=status,
        title=metadata.title or envelope.subject or envelope.template_name,
        signers=tuple(_to_signer(signer, envelope, roles) for signer in envelope.signers or ()),
        artifacts=tuple(_artifacts(envelope)),
        created_at=envelope.created_at,
        sent_at=envelope.sent_at,
        ended_at=_ended_at(envelope, status),
        expires_at=envelope.expires_at,
        mark=metadata.mark,
        metadata=metadata.words,
        raw=without_secrets(data),
    )


def to_template(data: Any) -> Template:
    """A template of Penvio's. Its roles are nowhere in the API; the fields are in `raw`.

    Raises:
        UnreadableAnswer: It is none.
    """
    template = read(WireTemplate, data)
    return Template(
        id=template.id,
        name=template.name,
        description=template.description,
        page_count=template.page_count,
        raw=data,
    )


def data_of(response: Response) -> Any:
    """What is under `data`, where Penvio puts every answer.

    Raises:
        UnreadableAnswer: There is none.
    """
    body = response.json()
    if not isinstance(body, dict) or "data" not in body:
        raise UnreadableAnswer(
            f"{response.status}, the answer has no `data`. Look at base_url.",
            status_code=response.status,
        )
    return body["data"]


def without_secrets(data: Any) -> Any:
    """The data without the webhook secret. No answer is known to repeat it; none may, here."""
    if isinstance(data, dict):
        return {k: without_secrets(v) for k, v in data.items() if k != "webhookSecret"}
    if isinstance(data, list):
        return [without_secrets(each) for each in data]
    return data


def to_time(value: object) -> datetime | None:
    """A time of Penvio's in UTC; None for what is no time, which must not spoil the rest."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time is None or time.tzinfo is UTC:
            return time
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


Time = Annotated[datetime | None, BeforeValidator(to_time)]


class Wire(BaseModel):
    """What comes from Penvio: what is not known is left out, what is null is absent."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


class WireSigner(Wire):
    """A signer, in an envelope or in a delivery."""

    id: str | None = None
    email: str | None = None
    name: str | None = None
    role: str | None = None
    order: int | None = None
    status: str | None = None
    signed_at: Time = None
    declined_at: Time = None
    decline_reason: str | None = None


class WireEnvelope(Wire):
    """An envelope."""

    id: str
    status: str
    signing_order: str | None = None
    template_name: str | None = None
    subject: str | None = None
    signers: tuple[WireSigner, ...] | None = None
    metadata: dict[str, Any] | None = None
    created_at: Time = None
    sent_at: Time = None
    completed_at: Time = None
    expires_at: Time = None
    document_storage_key: str | None = None
    signed_document_storage_key: str | None = None
    certificate_storage_key: str | None = None


class WireTemplate(Wire):
    """A template."""

    id: str
    name: str
    description: str | None = None
    page_count: int | None = None


WireT = TypeVar("WireT", bound=Wire)


def read(kind: type[WireT], data: Any) -> WireT:
    """The data as what it should be.

    Raises:
        UnreadableAnswer: It is something else; the message has the fields, and no values.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        what = kind.__name__.removeprefix("Wire").lower()
        told = "; ".join(map(str, problems_of(error)))
        raise UnreadableAnswer(f"the answer is no {what}: {told}.") from None


def _to_signer(signer: WireSigner, envelope: WireEnvelope, roles: Roles) -> SignerSnapshot:
    status = signer_status(
        signer.status or "", signed_at=signer.signed_at, declined_at=signer.declined_at
    )
    if envelope.status == "EXPIRED" and not status.is_final:
        status = SignerStatus.EXPIRED  # by the envelope's own end (I)
    return SignerSnapshot(
        remote_id=signer.id,
        name=signer.name,
        email=signer.email,
        role=roles.get(signer.role, signer.role) if signer.role else None,
        # In parallel nobody waits for anybody, whatever numbers are shown (I).
        order=None if envelope.signing_order == "PARALLEL" else signer.order,
        status=status,
        signed_at=signer.signed_at,
        declined_at=signer.declined_at,
        decline_reason=signer.decline_reason,
    )


def _artifacts(envelope: WireEnvelope) -> list[Artifact]:
    """The files whose keys are known; the names are ours, so nothing from outside is in them."""
    keys = (
        (ArtifactKind.SIGNED, envelope.signed_document_storage_key),
        (ArtifactKind.ORIGINAL, envelope.document_storage_key),
        (ArtifactKind.CERTIFICATE, envelope.certificate_storage_key),
    )
    return [Artifact(kind, f"{kind}.pdf", key) for kind, key in keys if key]


def _ended_at(envelope: WireEnvelope, status: EnvelopeStatus) -> datetime | None:
    if status is EnvelopeStatus.COMPLETED:
        return envelope.completed_at
    if status is EnvelopeStatus.DECLINED:
        times = [signer.declined_at for signer in envelope.signers or () if signer.declined_at]
        return min(times, default=None)
    if status is EnvelopeStatus.EXPIRED:
        return envelope.expires_at
    return None  # when it was cancelled is told nowhere

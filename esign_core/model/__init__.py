"""The nouns: envelope, document, signer, status, event; and `observe`, which ties them together."""

from esign_core.model.capability import Capabilities, Feature, Gap, wishes
from esign_core.model.document import CHUNK_BYTES, PDF, Content, Document
from esign_core.model.draft import EnvelopeDraft, TemplateRef
from esign_core.model.envelope import Envelope, Evidence, Fact, Seat, SignerState, seats_of
from esign_core.model.event import Authenticity, Event, EventType, Source
from esign_core.model.observation import Observation, from_notice, from_snapshot, match
from esign_core.model.observe import observe, observe_all
from esign_core.model.options import DocumentOptions, ProviderOptions, SignerOptions
from esign_core.model.quoting import excerpt, printable
from esign_core.model.signer import (
    Channel,
    CopyRecipient,
    Identity,
    IdentityMethod,
    Redirects,
    Signer,
    SignerAction,
)
from esign_core.model.snapshot import (
    Artifact,
    ArtifactKind,
    Job,
    LogEntry,
    Page,
    Query,
    SignerSnapshot,
    SigningLink,
    Snapshot,
)
from esign_core.model.status import EnvelopeStatus, SignerStatus
from esign_core.model.value import Moment, Value
from esign_core.model.webhook import Notice, SignerNotice, Subscription, Verified, WebhookRequest
from esign_core.model.wording import did_you_mean, problems_of, unknown_name
from esign_core.model.work import WorkItem, WorkKind

__all__ = [
    "CHUNK_BYTES",
    "PDF",
    "Artifact",
    "ArtifactKind",
    "Authenticity",
    "Capabilities",
    "Channel",
    "Content",
    "CopyRecipient",
    "Document",
    "DocumentOptions",
    "Envelope",
    "EnvelopeDraft",
    "EnvelopeStatus",
    "Event",
    "EventType",
    "Evidence",
    "Fact",
    "Feature",
    "Gap",
    "Identity",
    "IdentityMethod",
    "Job",
    "LogEntry",
    "Moment",
    "Notice",
    "Observation",
    "Page",
    "ProviderOptions",
    "Query",
    "Redirects",
    "Seat",
    "Signer",
    "SignerAction",
    "SignerNotice",
    "SignerOptions",
    "SignerSnapshot",
    "SignerState",
    "SignerStatus",
    "SigningLink",
    "Snapshot",
    "Source",
    "Subscription",
    "TemplateRef",
    "Value",
    "Verified",
    "WebhookRequest",
    "WorkItem",
    "WorkKind",
    "did_you_mean",
    "excerpt",
    "from_notice",
    "from_snapshot",
    "match",
    "observe",
    "observe_all",
    "printable",
    "problems_of",
    "seats_of",
    "unknown_name",
    "wishes",
]

"""Electronic signatures across vendors: one envelope, one signer, one stream of events."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esign_core.engine import SavedFile
    from esign_core.errors import (
        AuthenticationFailed,
        BrokenProvider,
        DocumentChanged,
        DownloadFailed,
        EnvelopeClosed,
        EsignError,
        InvalidDraft,
        JournalUnusable,
        KeyReused,
        Misconfigured,
        MissingExtra,
        NotFound,
        NotInJournal,
        NotReady,
        NotSupported,
        Outcome,
        PermissionDenied,
        Problem,
        ProviderError,
        QuotaExceeded,
        RateLimited,
        Refused,
        SecretsLocked,
        Unavailable,
        Uncertain,
        UnknownConnection,
        UnknownEnvelope,
        UnknownProvider,
        UnmappedTemplate,
        UnreadableAnswer,
        WebhookRejected,
    )
    from esign_core.model import (
        ArtifactKind,
        Authenticity,
        Capabilities,
        Channel,
        CopyRecipient,
        Document,
        Envelope,
        EnvelopeDraft,
        EnvelopeStatus,
        Event,
        EventType,
        Feature,
        Gap,
        Identity,
        IdentityMethod,
        Job,
        LogEntry,
        Redirects,
        Signer,
        SignerAction,
        SignerStatus,
        SigningLink,
        Snapshot,
        Source,
        Subscription,
        TemplateRef,
        WebhookRequest,
        WorkItem,
        WorkKind,
    )
    from esign_core.provider import Check, Registry, Template, hookimpl
    from esign_core.service import (
        AsyncBatch,
        AsyncConnection,
        AsyncEsign,
        Batch,
        Condition,
        Connection,
        Esign,
        NextStep,
        Preview,
        Receipt,
    )

__all__ = [
    "ArtifactKind",
    "AsyncBatch",
    "AsyncConnection",
    "AsyncEsign",
    "AuthenticationFailed",
    "Authenticity",
    "Batch",
    "BrokenProvider",
    "Capabilities",
    "Channel",
    "Check",
    "Condition",
    "Connection",
    "CopyRecipient",
    "Document",
    "DocumentChanged",
    "DownloadFailed",
    "Envelope",
    "EnvelopeClosed",
    "EnvelopeDraft",
    "EnvelopeStatus",
    "Esign",
    "EsignError",
    "Event",
    "EventType",
    "Feature",
    "Gap",
    "Identity",
    "IdentityMethod",
    "InvalidDraft",
    "Job",
    "JournalUnusable",
    "KeyReused",
    "LogEntry",
    "Misconfigured",
    "MissingExtra",
    "NextStep",
    "NotFound",
    "NotInJournal",
    "NotReady",
    "NotSupported",
    "Outcome",
    "PermissionDenied",
    "Preview",
    "Problem",
    "ProviderError",
    "QuotaExceeded",
    "RateLimited",
    "Receipt",
    "Redirects",
    "Refused",
    "Registry",
    "SavedFile",
    "SecretsLocked",
    "Signer",
    "SignerAction",
    "SignerStatus",
    "SigningLink",
    "Snapshot",
    "Source",
    "Subscription",
    "Template",
    "TemplateRef",
    "Unavailable",
    "Uncertain",
    "UnknownConnection",
    "UnknownEnvelope",
    "UnknownProvider",
    "UnmappedTemplate",
    "UnreadableAnswer",
    "WebhookRejected",
    "WebhookRequest",
    "WorkItem",
    "WorkKind",
    "hookimpl",
]

_PLACES = ("errors", "model", "service", "provider", "engine")  # what loads least comes first


def __getattr__(name: str) -> object:
    """Load a name when it is first asked for: importing the package alone loads nothing."""
    if name in __all__:
        for place in _PLACES:
            module = import_module(f"esign_core.{place}")
            if hasattr(module, name):
                found: object = getattr(module, name)
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""What of each vendor may stand in a cassette, and the settings that a replay is made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esign_core.testing import Allowed

SAID = {
    *("Lease 14", "Lease 15", "Lease", "House rules", "Residential Lease", "Lease of a home"),
    *("Jane Doe", "Bo Ek", "Åse Ly", "jane@example.com", "bo@example.com", "aase@example.com"),
    *("Please sign the lease.", "The flat is let already", "esign:env_lease14", "14"),
    '{"esign":"esign:env_lease14","lease":"14"}',
    *("https://hooks.example.com/penneo", "https://hooks.example.com/penvio"),
}
"""What the drafts of the recordings say."""

PENNEO = Allowed(
    fields={
        *("caseFile", "documents", "signers", "ccRecipients", "roles", "role", "language"),
        *("signOrder", "documentOrder", "signable", "emailFormat", "expireAt", "sendAt"),
        *("sensitiveData", "signOnMeeting", "visibilityMode", "disableEmailAttachments"),
        *("disableNotificationsOwner", "folderId", "storeAsContact", "accessControl", "ssnType"),
        *("reminderInterval", "enableInsecureSigning", "insecureSigningMethods", "activeAt"),
        "secureSigningMethods",
        *("jobs", "payload", "customData", "createdAt", "updatedAt", "status", "message"),
        *("type", "jobStatus", "errorMessage", "retries", "maxRetries", "result", "data"),
        *("signingLinks", "signerId", "errors", "success", "id", "created", "activated"),
        *("completed", "updated", "signatureLines", "signedAt", "signingRequest"),
        *("eventTime", "eventType", "eventTypes", "isActive", "items", "confirmed", "topic"),
        *("date", "timezone_type", "timezone", "Type"),
        *("grant_type", "created_at", "token_type", "expires_in", "access_token_expires_at"),
        *("error", "error_description", "statusCode"),
    },
    words={
        *("title", "name", "email", "emailText", "emailSubject", "reminderEmailText"),
        *("reminderEmailSubject", "completedEmailText", "completedEmailSubject", "senderName"),
        *("metaData", "reference", "description", "onBehalfOf", "endpoint"),
        *("successUrl", "failUrl"),
    },
    said={*SAID, "lease.pdf", "rules.pdf", "Mads 1", "Mads 2", "Inbox", "Leases"},
    secrets={
        # as Penneo's own page abridges them
        "uuid": "550e8400-e29b-41d4-a716-4...",
        "payloadHash": "a1b2c3d4e5f6...",
        "signingLink": "https://sandbox.penneo.com/signing/<unique>",
        "": "https://sandbox.penneo.com/signing/<unique>",  # the link, alone in an array
        **dict.fromkeys(("authorization", "x-auth-token", "access_token"), "<token>"),
        **dict.fromkeys(("token", "Token"), "<token>"),
        **{name: f"<{name}>" for name in ("client_id", "client_secret", "nonce", "digest")},
        "key": "<api_key>",
        "secret": "<webhook secret>",
        "socialSecurityNumberPlain": "<number>",
        "vatin": "<number>",
    },
    documents={"pdf"},
    headers={
        *("x-paginate", "link", "x-event-id", "x-event-type", "x-event-signature", "retry-after"),
    },
    query={"page", "per_page", "sort", "status", "createdAfter", "signed"},
    numbers={  # times, in seconds
        *("activated", "activeAt", "completed", "created", "createdAfter", "eventTime"),
        *("expireAt", "sendAt", "signedAt", "updated", "access_token_expires_at"),
    },
)

PENVIO = Allowed(
    fields={
        *("data", "meta", "pagination", "page", "pageSize", "total", "totalPages", "id"),
        *("templateId", "status", "signingOrder", "signers", "role", "order", "metadata"),
        *("expiresInDays", "sendImmediately", "expiresAt", "createdAt", "updatedAt", "sentAt"),
        *("completedAt", "signedAt", "declinedAt", "signerId", "documentStorageKey"),
        *("signedDocumentStorageKey", "certificateStorageKey", "pageCount", "fields", "fieldId"),
        *("type", "label", "required", "event", "timestamp", "envelopeId", "signer"),
        *("error", "code", "details", "error.message"),
        "details.signers.0.role",
    },
    words={
        *("name", "email", "subject", "message", "description", "reason", "declineReason"),
        *("templateName", "webhookUrl", "metadata.esign", "metadata.lease", "metadata.orderId"),
    },
    said={
        *SAID,
        *("John Doe", "john@example.com", "PO-12345", "Sales Agreement"),
        *("Standard sales agreement template", "Please sign: Sales Agreement"),
        "Please review and sign the attached agreement.",
    },
    secrets={"authorization": "<api_key>", "webhookSecret": "<webhook secret>"},
    headers={
        *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"),
        "x-penvio-signature",
    },
    query={"page", "pageSize", "status"},
)

ALLOWED = {"penneo": PENNEO, "penvio": PENVIO}

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "penneo": {
        "base_url": "https://api.invalid",
        "oauth_url": "https://oauth.invalid",
        **{n: f"<{n}>" for n in ("client_id", "client_secret", "api_key", "api_secret")},
    },
    "penvio": {
        "base_url": "https://api.invalid",
        "api_key": "<api_key>",
        "bucket_url": "s3://bucket",
        "templates": {
            "lease": {
                "id": "tmpl_lease1",
                "roles": {"tenant": "Tenant", "landlord": "Landlord"},
            },
            "sale": {"id": "tmpl_abc123", "roles": {"buyer": "Buyer"}},
        },
    },
}
"""Of a replay: stand-ins, and hosts that exist nowhere."""

WEBHOOK_SECRETS = {
    "penneo": "aa59c169-8d24-4349-a93a-9acc2652f8ff",
    "penvio": "whsec_142222222222222222",
}
"""What the simulators sign deliveries with; it follows from their seeds."""

"""What a vendor can do, and what of a draft it cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from esign_core.model.draft import EnvelopeDraft
from esign_core.model.signer import Channel, SignerAction


class Feature(StrEnum):
    """Something that a draft can ask for and that not every vendor has."""

    DOCUMENTS = "documents"
    """Documents of your own are uploaded."""
    SEVERAL_DOCUMENTS = "several_documents"
    """More than one in an envelope."""
    ATTACHMENTS = "attachments"
    """Documents that go along and are not signed."""
    DOCUMENT_ROLES = "document_roles"
    """Different documents for different signers."""
    TEMPLATES = "templates"
    """The vendor keeps prepared documents."""
    SIGNING_ORDER = "signing_order"
    """Signers act one after another."""
    SIGNING_GROUPS = "signing_groups"
    """Some share a turn while others wait for theirs."""
    EMAIL_DELIVERY = "email_delivery"
    """The vendor writes to signers."""
    LINK_DELIVERY = "link_delivery"
    """You hand out signing links; nobody is written to."""
    COPIES = "copies"
    """People who only get the finished documents."""
    APPROVERS = "approvers"
    """People who say yes without a signature."""
    VIEWERS = "viewers"
    """People who only read."""
    SUBJECT = "subject"
    """A subject for the e-mail that asks."""
    MESSAGE = "message"
    """A text for the e-mail that asks."""
    SIGNER_MESSAGE = "signer_message"
    """Another text for one signer."""
    LANGUAGE = "language"
    """A language for the envelope."""
    SIGNER_LANGUAGE = "signer_language"
    """A language for one signer."""
    SCHEDULED_SENDING = "scheduled_sending"
    """It goes out later, by itself."""
    EXPIRY = "expiry"
    """A number of days to sign in."""
    EXPIRY_TIME = "expiry_time"
    """A moment after which nobody can sign."""
    REMINDERS = "reminders"
    """The vendor writes again by itself, every so many days."""
    REDIRECTS = "redirects"
    """Where a browser goes after signing."""
    IDENTITY = "identity"
    """Signers prove who they are."""
    METADATA = "metadata"
    """Your own words, kept with the envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider's vendor can do. Each feature is off until it is declared."""

    documents: bool = False
    several_documents: bool = False
    attachments: bool = False
    document_roles: bool = False
    templates: bool = False
    signing_order: bool = False
    signing_groups: bool = False
    email_delivery: bool = True
    link_delivery: bool = False
    copies: bool = False
    approvers: bool = False
    viewers: bool = False
    subject: bool = False
    message: bool = False
    signer_message: bool = False
    language: bool = False
    signer_language: bool = False
    scheduled_sending: bool = False
    expiry: bool = False
    expiry_time: bool = False
    reminders: bool = False
    redirects: bool = False
    identity: bool = False
    metadata: bool = False
    max_signers: int | None = None

    def supports(self, feature: Feature) -> bool:
        """Whether the vendor has the feature."""
        return bool(getattr(self, feature.value))

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features that the vendor has."""
        return tuple(
            Feature(f.name) for f in fields(self) if f.type == "bool" and self._has(f.name)
        )

    def _has(self, name: str) -> bool:
        return bool(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Gap:
    """Something in a draft that a provider cannot do, and what to do about it."""

    feature: Feature | None
    """The feature that is missing; None for a limit or a value."""
    field: str
    """Where in the draft, as a path: `signers[0].language`."""
    message: str
    """What cannot be done."""
    remedy: str
    """What to do instead."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}; {self.remedy}"


def wishes(draft: EnvelopeDraft) -> Iterator[tuple[Feature, str]]:
    """The features that a draft asks for, with where it does."""
    signable = [document for document in draft.documents if document.signable]
    asked: list[tuple[bool, Feature, str]] = [
        (bool(draft.documents), Feature.DOCUMENTS, "documents"),
        (len(signable) > 1, Feature.SEVERAL_DOCUMENTS, "documents"),
        (len(signable) < len(draft.documents), Feature.ATTACHMENTS, "documents"),
        (any(d.roles for d in draft.documents), Feature.DOCUMENT_ROLES, "documents"),
        (bool(draft.copies), Feature.COPIES, "copies"),
        (draft.subject is not None, Feature.SUBJECT, "subject"),
        (draft.message is not None, Feature.MESSAGE, "message"),
        (draft.redirects is not None, Feature.REDIRECTS, "redirects"),
        (draft.language is not None, Feature.LANGUAGE, "language"),
        (draft.send_at is not None, Feature.SCHEDULED_SENDING, "send_at"),
        (draft.expires_in_days is not None, Feature.EXPIRY, "expires_in_days"),
        (draft.expires_at is not None, Feature.EXPIRY_TIME, "expires_at"),
        (draft.remind_every_days is not None, Feature.REMINDERS, "remind_every_days"),
        (bool(draft.metadata), Feature.METADATA, "metadata"),
    ]
    turns = Counter(signer.order for signer in draft.signers)
    for i, signer in enumerate(draft.signers):
        at = f"signers[{i}]"
        shares_a_turn = len(turns) > 1 and turns[signer.order] > 1
        asked += [
            (signer.order not in {None, 1}, Feature.SIGNING_ORDER, f"{at}.order"),
            (shares_a_turn, Feature.SIGNING_GROUPS, f"{at}.order"),
            (signer.delivery is Channel.EMAIL, Feature.EMAIL_DELIVERY, f"{at}.delivery"),
            (signer.delivery is Channel.LINK, Feature.LINK_DELIVERY, f"{at}.delivery"),
            (signer.action is SignerAction.APPROVE, Feature.APPROVERS, f"{at}.action"),
            (signer.action is SignerAction.VIEW, Feature.VIEWERS, f"{at}.action"),
            (signer.message is not None, Feature.SIGNER_MESSAGE, f"{at}.message"),
            (signer.redirects is not None, Feature.REDIRECTS, f"{at}.redirects"),
            (signer.language is not None, Feature.SIGNER_LANGUAGE, f"{at}.language"),
            (signer.identity is not None, Feature.IDENTITY, f"{at}.identity"),
        ]
    return ((feature, field) for wished, feature, field in asked if wished)

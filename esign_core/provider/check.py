"""Whether a provider can send a draft: every gap at once, before any request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from esign_core.errors import BrokenProvider, InvalidDraft, NotSupported
from esign_core.model import Document, EnvelopeDraft, Feature, Gap, wishes
from esign_core.provider.blame import blamed
from esign_core.provider.provider import Provider

_MOST_GAPS = 1000

REMEDY = {
    Feature.DOCUMENTS: "use template=TemplateRef(...), mapped to a template of the vendor's",
    Feature.SEVERAL_DOCUMENTS: "send one envelope for each document, or join them to one PDF",
    Feature.ATTACHMENTS: "leave the attachments out, or make them part of the document",
    Feature.DOCUMENT_ROLES: "leave `roles` out, so that everybody signs, or send two envelopes",
    Feature.TEMPLATES: "send documents, or map the template to a PDF",
    Feature.SIGNING_ORDER: "leave `order` out, so that everybody signs at the same time",
    Feature.SIGNING_GROUPS: "number the signers 1, 2, 3 ..., or leave `order` out",
    Feature.EMAIL_DELIVERY: "set delivery to link and hand out the signing link",
    Feature.LINK_DELIVERY: "set delivery to email, and give an address",
    Feature.COPIES: "send the finished documents on yourself",
    Feature.APPROVERS: "ask for a signature, or have it approved before it is sent",
    Feature.VIEWERS: "send the documents to them yourself",
    Feature.SUBJECT: "leave `subject` out; the vendor has its own, or takes the title",
    Feature.MESSAGE: "leave `message` out",
    Feature.SIGNER_MESSAGE: "use the envelope's `message`, which everybody gets",
    Feature.LANGUAGE: "leave `language` out; the vendor has its own",
    Feature.SIGNER_LANGUAGE: "leave `language` out; the vendor has its own",
    Feature.SCHEDULED_SENDING: "leave `send_at` out, and send it when it is time",
    Feature.EXPIRY: "leave `expires_in_days` out and cancel it in time",
    Feature.EXPIRY_TIME: "use `expires_in_days`, or cancel it in time",
    Feature.REMINDERS: "leave `remind_every_days` out and call `remind` yourself",
    Feature.REDIRECTS: "leave `redirects` out; signers stay on the vendor's page",
    Feature.IDENTITY: "leave `identity` out, or check who they are yourself",
    Feature.METADATA: "keep it in your own database, by the envelope's id",
}
"""What to do where a vendor lacks a feature."""


@dataclass(frozen=True)
class Check:
    """What stands in a draft's way at one connection; nothing does if `ok`."""

    connection: str
    provider: str
    """The connection's provider."""
    gaps: tuple[Gap, ...]
    """Everything that cannot be done."""
    alternatives: tuple[str, ...] = ()
    """The connections that could send the draft as it is."""

    @property
    def ok(self) -> bool:
        """Whether the draft can be sent."""
        return not self.gaps

    def expect_ok(self, title: str) -> None:
        """Do nothing if the draft can be sent.

        Raises:
            NotSupported: With every gap, its remedy, and the connections that could do it.
        """
        if self.ok:
            return
        lines = [f'{self.connection or self.provider} cannot send "{title}":']
        lines += [f"  {gap}." for gap in self.gaps]
        if self.alternatives:
            lines.append(f"  Connections that can: {', '.join(self.alternatives)}.")
        lines.append("Nothing was sent.")
        raise NotSupported("\n".join(lines), provider=self.provider, connection=self.connection)


def gaps_of(draft: EnvelopeDraft, provider: Provider[Any]) -> tuple[Gap, ...]:
    """Everything of a draft that a provider cannot do, with a remedy for each.

    Raises:
        UnmappedTemplate: The draft's template is not mapped at this connection.
        BrokenProvider: The provider's own look at the draft raises, or does not end.
    """
    local = localized(draft, provider)
    found = (*_feature_gaps(local, provider), *_own_gaps(local, provider))
    if local.prepared_from is None:
        return found
    return tuple(_at_the_template(gap) for gap in found)


def localized(draft: EnvelopeDraft, provider: Provider[Any]) -> EnvelopeDraft:
    """The draft as this provider gets it: a template that is a PDF here becomes that document.

    Raises:
        UnmappedTemplate: The draft's template is not mapped at this connection.
    """
    if draft.template is None:
        return draft
    target = provider.template_of(draft)
    if target.document is None:
        return draft
    try:
        document = Document.from_path(target.document)
    except InvalidDraft as error:
        raise InvalidDraft(f'template "{draft.template.name}"', error.problems) from None
    prepared = {"documents": (document,), "template": None, "prepared_from": draft.template}
    return draft.model_copy(update=prepared)


def _at_the_template(gap: Gap) -> Gap:
    """Whoever wrote a template finds no `documents` in the draft."""
    return replace(gap, field="template") if gap.field.startswith("documents") else gap


def _feature_gaps(draft: EnvelopeDraft, provider: Provider[Any]) -> Iterator[Gap]:
    can = provider.capabilities
    for feature, field in wishes(draft):
        if not can.supports(feature):
            what = feature.value.replace("_", " ")
            yield Gap(feature, field, f"{provider.name} has no {what}", REMEDY[feature])
    yield from _time_gaps(draft, provider)
    if draft.template is not None:
        yield from _template_gaps(draft, provider)
    if can.max_signers is not None and len(draft.signers) > can.max_signers:
        message = f"{provider.name} takes at most {can.max_signers}, not {len(draft.signers)}"
        yield Gap(None, "signers", message, "send several envelopes")


def _own_gaps(draft: EnvelopeDraft, provider: Provider[Any]) -> tuple[Gap, ...]:
    what = f"{provider.name}.inspect"
    with blamed(what):
        found = tuple(islice(provider.inspect(draft), _MOST_GAPS))
    if len(found) == _MOST_GAPS:
        raise BrokenProvider(f"{what} told {_MOST_GAPS} gaps and did not end")
    for gap in found:
        if not isinstance(gap, Gap):
            raise BrokenProvider(f"{what} told {type(gap).__name__}, not a Gap")
    return found


def _time_gaps(draft: EnvelopeDraft, provider: Provider[Any]) -> Iterator[Gap]:
    now = provider.now()
    if draft.send_at is not None and draft.send_at <= now:
        yield Gap(None, "send_at", "is in the past", "leave it out, to send at once")
    if draft.expires_at is not None and draft.expires_at <= now:
        yield Gap(None, "expires_at", "is in the past", "give a later one")


def _template_gaps(draft: EnvelopeDraft, provider: Provider[Any]) -> Iterator[Gap]:
    if not provider.capabilities.supports(Feature.TEMPLATES):
        message = f"{provider.name} has no templates"
        yield Gap(Feature.TEMPLATES, "template", message, REMEDY[Feature.TEMPLATES])
        return
    roles = provider.template_of(draft).roles
    if not roles:
        return
    known = ", ".join(sorted(roles))
    for i, signer in enumerate(draft.signers):
        if signer.role not in roles:
            message = f'the template here has no role "{signer.role or ""}"'
            yield Gap(None, f"signers[{i}].role", message, f"use one of: {known}")

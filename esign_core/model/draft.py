"""What a caller wants signed, before any vendor has seen it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from esign_core.errors import InvalidDraft, Problem
from esign_core.model.document import DocumentOrPath
from esign_core.model.options import OptionsOf, OptionsT, ProviderOptions, option
from esign_core.model.signer import Channel, CopyRecipient, Language, Redirects, Signer
from esign_core.model.value import Moment, Value


class TemplateRef(Value):
    """A template by its neutral name; each connection's `templates` say what it is there."""

    name: str = Field(min_length=1)

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


def _template(value: object) -> object:
    if isinstance(value, str):
        return TemplateRef(value)
    if isinstance(value, Mapping):
        if set(value) != {"name"}:
            raise ValueError("must be the name of a template")
        return TemplateRef(value["name"])
    return value


def _without_nul(text: str) -> str:
    if "\0" in text:  # PostgreSQL has no room for it
        raise ValueError("must not hold a NUL character")
    return text


class EnvelopeDraft(Value):
    """What a caller wants signed: documents or a template, and who signs.

    It is neutral: which vendor it goes through is decided when it is sent. What a vendor cannot
    do is told by `check`, before anything is asked of it.
    """

    title: Annotated[str, AfterValidator(_without_nul)] = Field(min_length=1, max_length=1024)
    """What it is called, for people."""
    signers: Annotated[Sequence[Signer], AfterValidator(tuple)] = Field(min_length=1)
    """Who acts, in the order they are listed in."""
    documents: Annotated[Sequence[DocumentOrPath], AfterValidator(tuple)] = ()
    """What is signed; or give a `template`."""
    template: Annotated[TemplateRef | None, BeforeValidator(_template)] = None
    """A prepared document at the vendor; or give `documents`."""
    copies: Annotated[Sequence[CopyRecipient], AfterValidator(tuple)] = ()
    """Who gets the finished documents."""
    subject: str | None = Field(default=None, min_length=1, max_length=255)
    """The subject of the e-mail that asks; the vendor's own, or the title, if not given."""
    message: str | None = Field(default=None, min_length=1, repr=False)
    """The text of the e-mail that asks."""
    redirects: Redirects | None = Field(default=None, repr=False)
    """Where browsers go afterwards, for signers who have no redirects of their own."""
    language: Language | None = None
    """The language of e-mails and pages, where a signer has none of their own."""
    send_at: Moment | None = None
    """When it goes out, with a time zone; at once if not given."""
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)
    """How long signers have, from sending."""
    expires_at: Moment | None = None
    """The moment after which nobody can sign; or give `expires_in_days`."""
    remind_every_days: int | None = Field(default=None, ge=1, le=365)
    """The vendor writes again to who has not signed, every so many days."""
    metadata: Mapping[str, str] = {}
    """Your own words, kept with the envelope at the vendor."""
    options: OptionsOf[ProviderOptions] = ()
    """Wishes that only one vendor knows; other vendors do not see them."""
    mark: str | None = Field(default=None, exclude=True)
    """Set by the core, for finding the envelope again at the vendor. Leave it alone."""
    prepared_from: TemplateRef | None = Field(default=None, exclude=True)
    """Set by the core: the template that `documents` stand for here. Leave it alone."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise InvalidDraft("EnvelopeDraft", problems)
        return self

    def _problems(self) -> Iterator[Problem]:
        if bool(self.documents) == (self.template is not None):
            yield Problem("", "give documents or a template, and not both")
        if self.documents and not any(document.signable for document in self.documents):
            yield Problem("documents", "none of them is to be signed")
        yield from self._time_problems()
        yield from self._name_problems()
        yield from self._order_problems()
        yield from self._signer_problems()

    def _time_problems(self) -> Iterator[Problem]:
        if self.expires_at is None:
            return
        if self.expires_in_days is not None:
            yield Problem("expires_at", "give this or expires_in_days, and not both")
        if self.send_at is not None and self.expires_at <= self.send_at:
            yield Problem("expires_at", "must be after send_at")

    def _name_problems(self) -> Iterator[Problem]:
        names = Counter(document.name for document in self.documents)
        for name in (name for name, count in names.items() if count > 1):
            yield Problem("documents", f'two are called "{name}"; give each a name of its own')
        roles = {signer.role for signer in self.signers}
        for i, document in enumerate(self.documents):
            for role in document.roles:
                if role not in roles:
                    message = f'no signer has the role "{role}"; give it to one, or take it out'
                    yield Problem(f"documents[{i}].roles", message)

    def _order_problems(self) -> Iterator[Problem]:
        orders = {signer.order for signer in self.signers}
        if None in orders and len(orders) > 1:
            yield Problem("signers", "give every signer an order, or none of them")
        steps = sorted(order for order in orders if order is not None)
        if steps and steps != list(range(1, len(steps) + 1)):
            found = ", ".join(map(str, steps))
            yield Problem("signers", f"the order must count 1, 2, 3 without a gap; it is {found}")

    def _signer_problems(self) -> Iterator[Problem]:
        seen: dict[tuple[str | None, str, str | None], int] = {}
        for i, signer in enumerate(self.signers):
            if signer.delivery is Channel.EMAIL and signer.email is None:
                message = "is needed, or set delivery to link and hand out the signing link"
                yield Problem(f"signers[{i}].email", message)
            who = (signer.role, signer.name.casefold(), _folded(signer.email))
            if who in seen:
                message = f"cannot be told apart from signers[{seen[who]}]; give them roles"
                yield Problem(f"signers[{i}]", message)
            _ = seen.setdefault(who, i)

    def delivered_by(self, channel: Channel) -> Self:
        """The same draft with every signer reached by `channel`.

        Raises:
            InvalidDraft: By e-mail, and somebody has no address.
        """
        signers = tuple(each.model_copy(update={"delivery": channel}) for each in self.signers)
        return type(self).model_validate({**dict(self), "signers": signers})

    def option(self, kind: type[OptionsT]) -> OptionsT:
        """The vendor-only wishes of a kind, or that kind's defaults."""
        return option(self.options, kind)

    def pinned(self) -> Self:
        """The same draft with every document's SHA-256, each read through once.

        Raises:
            DocumentChanged: A document is not as long as it was when it was named.
        """
        documents = tuple(document.pinned() for document in self.documents)
        return self.model_copy(update={"documents": documents})

    def marked(self, mark: str) -> Self:
        """The same draft, to be found again at the vendor by `mark`."""
        return self.model_copy(update={"mark": mark})

    def canonical(self) -> dict[str, Any]:
        """Everything that makes two drafts the same wish, as JSON data without secrets."""
        return self._as_data(secret=lambda _: "***")

    def fingerprint(self) -> str:
        """The SHA-256 of the whole wish, as hex. Pin the draft first, or documents do not count.

        Where a draft has secrets, keep it to yourself: numbers can be tried against it.
        """
        text = json.dumps(self._as_data(secret=SecretStr.get_secret_value), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def has_secrets(self) -> bool:
        """Whether it has a value that is shown nowhere, such as a national identity number."""
        return self._as_data(secret=lambda _: "") != self.canonical()

    def _as_data(self, secret: Callable[[SecretStr], str]) -> dict[str, Any]:
        """What was said, and nothing for what was not: a field added later changes no old draft."""
        data = self.model_dump(exclude={"documents"}, exclude_defaults=True)
        data["documents"] = [
            each.model_dump(exclude={"content"}, exclude_defaults=True) for each in self.documents
        ]
        plain: dict[str, Any] = json.loads(
            json.dumps(data, default=lambda v: secret(v) if isinstance(v, SecretStr) else str(v))
        )
        return plain


def _folded(text: str | None) -> str | None:
    return text.casefold() if text is not None else None

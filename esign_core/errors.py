"""Every error that users meet, as one tree; `outcome` of each tells whether it was done.

```text
EsignError
├── InvalidDraft            the draft cannot be what was meant
├── NotSupported            the provider cannot do what was asked
├── Misconfigured           the settings cannot be right
│   ├── UnknownProvider     no installed provider has that name
│   ├── UnknownConnection   no connection has that name
│   ├── UnmappedTemplate    the connection has no such template
│   ├── BrokenProvider      a plugin cannot be loaded, or breaks the contract
│   ├── MissingExtra        an optional package is not installed
│   └── SecretsLocked       no key to keep a secret with, or none that opens it
├── ProviderError           what a vendor said, or did not say
│   ├── AuthenticationFailed
│   ├── PermissionDenied
│   ├── NotFound
│   ├── Refused             the vendor read the request and will not do it
│   │   ├── EnvelopeClosed  the envelope has ended, or is not in a state for it
│   │   └── QuotaExceeded
│   ├── RateLimited
│   ├── Unavailable         down, unreachable or silent; asking again is harmless
│   ├── Uncertain           it may have been done; nobody can say yet
│   └── UnreadableAnswer    it answered what no version of its documents knows
├── DocumentChanged         a document is not what it was a moment ago
├── NotReady                it will be there, but is not yet
├── DownloadFailed          a file could not be brought over whole
├── WebhookRejected         a delivery is not authentic
├── NotInJournal            the journal has nothing with that id
│   └── UnknownEnvelope
├── KeyReused               one key, two different drafts
└── JournalUnusable         the journal cannot be opened or written
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

_DEEDS = {"poll": "make the envelope", "request": "answer", "signing_links": "hand out links of"}


class Outcome(StrEnum):
    """Whether what was asked for happened at the vendor."""

    NOT_DONE = "not_done"
    """It did not: no connection was made, or the vendor refused."""
    DONE = "done"
    """It did; what failed came after."""
    UNCERTAIN = "uncertain"
    """It may have; only a look at the vendor can tell."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    field: str
    """The path of the field as the caller wrote it, such as `signers[1].order`; may be empty."""
    message: str
    """What is wrong with it."""
    line: int | None = None
    """In the file that was read, if it was one."""

    def __str__(self) -> str:
        at = f"line {self.line}, {self.field}".removesuffix(", ") if self.line else self.field
        return f"{at}: {self.message}" if at else self.message


class EsignError(Exception):
    """The root of the tree.

    Attributes:
        outcome: Whether what was asked for happened at the vendor.
        is_outcome_told: Whether who raised it said so, and did not leave it to the kind of error.
        provider: The provider's name, such as `acme`.
        connection: The connection's name.
        operation: What was being done: `send`, `fetch`, `cancel` ...
        subject: What it was done to, in words a person knows: the envelope's title or id.
        envelope_id: Our id of the envelope, where there is one.
        status_code: The HTTP status of the vendor's answer.
        raw: The vendor's answer, decoded, without secrets.
        retry_after_seconds: When the vendor said to come back.
        problems: What is wrong, field by field, where that is known.
    """

    default_outcome: ClassVar[Outcome] = Outcome.NOT_DONE

    def __init__(
        self,
        message: str,
        *,
        outcome: Outcome | None = None,
        provider: str | None = None,
        connection: str | None = None,
        operation: str | None = None,
        subject: str | None = None,
        envelope_id: str | None = None,
        status_code: int | None = None,
        raw: Any = None,
        retry_after_seconds: float | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.outcome = outcome or self.default_outcome
        self.is_outcome_told = outcome is not None
        self.provider = provider
        self.connection = connection
        self.operation = operation
        self.subject = subject
        self.envelope_id = envelope_id
        self.status_code = status_code
        self.raw = raw
        self.retry_after_seconds = retry_after_seconds
        self.problems = tuple(problems)

    def locate(self, **where: str | None) -> Self:
        """The same error, told where it happened. What it knows already stays.

        Args:
            where: `provider`, `connection`, `operation`, `subject`, `envelope_id`.
        """
        for name, told in where.items():
            setattr(self, name, getattr(self, name) or told)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in vars(self).items() if name != "job"}
        return (Exception.__new__, (type(self), self.message), state)


class InvalidDraft(EsignError, ValueError):
    """The draft cannot be what was meant: mend what `problems` tells. Known before any request."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        told = f"{what}: {'; '.join(map(str, problems))}".rstrip(".")
        end = "" if told.endswith("?") else "."
        super().__init__(f"{told}{end} Nothing was sent.", problems=problems)
        self.what = what


class NotSupported(EsignError):
    """The provider cannot do what was asked. Known before any request; each gap has a remedy."""


class Misconfigured(EsignError):
    """The settings cannot be right: mend what `problems` tells. Known before any request."""


class UnknownProvider(Misconfigured):
    """No installed provider has that name: install its package, or mend the name."""


class UnknownConnection(Misconfigured):
    """No connection has that name: mend the name, or add it to the configuration."""


class UnmappedTemplate(Misconfigured):
    """The connection's `templates` do not tell what the neutral template is there: add it."""


class BrokenProvider(Misconfigured):
    """A plugin cannot be loaded, or does what the contract forbids: mend it, or remove it."""


class MissingExtra(Misconfigured):
    """An optional package is not installed: install the extra that the message names."""


class SecretsLocked(Misconfigured):
    """The journal has no key to keep a secret with, or none that opens it: give the right one."""


class ProviderError(EsignError):
    """What a vendor said, or did not say.

    The message is what the vendor said; `str()` puts around it who did not do what, and what
    that means: `acme-eu did not send "Lease 14": 400, ... Nothing was sent.`
    """

    def __str__(self) -> str:
        who = self.connection or self.provider
        if who is None or self.operation is None:
            return self.message
        did = "did not" if self.outcome is Outcome.NOT_DONE else "was asked to"
        return f"{who} {did} {self._deed()}: {self.message} {self._meaning()}".rstrip()

    def _deed(self) -> str:
        verb = _DEEDS.get(self.operation or "", (self.operation or "").replace("_", " "))
        if not self.subject:
            return verb
        subject = "".join(char if char.isprintable() else " " for char in str(self.subject))
        return f'{verb} "{subject}"'  # an id may be anybody's word

    def _meaning(self) -> str:
        sends = self.operation in {"send", "dispatch"}
        gone = "" if sends else "It may be deleted, or of another account."
        to_do = {"Unavailable": "Try again later.", "NotFound": gone}.get(type(self).__name__, "")
        return {
            Outcome.NOT_DONE: f"{'Nothing was sent. ' if sends else ''}{to_do}",
            Outcome.DONE: "It was sent." if sends else "It was done.",
            Outcome.UNCERTAIN: f"It may {'have been sent' if sends else 'be done; look at it'}.",
        }[self.outcome]


class AuthenticationFailed(ProviderError):
    """The credentials were refused, and so nothing was done: put good ones into the settings."""


class PermissionDenied(ProviderError):
    """The credentials are good but do not allow this: have it allowed at the vendor."""


class NotFound(ProviderError):
    """The vendor has nothing under that id: it may be deleted, or another account's."""


class Refused(ProviderError):
    """The vendor read the request and will not do it: mend what it or `problems` points at."""


class EnvelopeClosed(Refused):
    """The envelope has ended, or is in no state for what was asked: fetch it to see."""


class QuotaExceeded(Refused):
    """The plan's quota is used up: wait until it is renewed, or have the plan changed."""


class RateLimited(ProviderError):
    """Too many requests; `retry_after_seconds` tells when to come back, if the vendor said."""


class Unavailable(ProviderError):
    """The vendor is down, unreachable or silent: try again later, with the same `key`."""


class Uncertain(ProviderError):
    """The vendor did not answer and may have done it: look there; nothing is repeated by itself."""

    default_outcome = Outcome.UNCERTAIN


class UnreadableAnswer(ProviderError):
    """The vendor answered what none of its documents describes: look at `raw`, and report it."""

    default_outcome = Outcome.UNCERTAIN


class DocumentChanged(EsignError):
    """A document is not what it was, and its upload was stopped: make the `Document` again."""


class NotReady(EsignError):
    """What was asked for does not exist yet; ask again later."""

    job: Any = None
    """What the vendor is still making, to be asked for with `poll`; a secret, and not pickled."""


class DownloadFailed(EsignError):
    """A file could not be brought over whole, and nothing half-written is left: download again."""


class WebhookRejected(EsignError):
    """A delivery is not authentic; `reason` is a stable code. If it is real, look at the secrets.

    Reasons: `no_signature`, `malformed_signature`, `wrong_signature`, `missing_header`,
    `unsigned`, `too_large`, `malformed_body`, `no_secret`.
    """

    def __init__(self, reason: str, message: str, **context: Any) -> None:
        super().__init__(message, **context)
        self.reason = reason


class NotInJournal(EsignError):
    """The journal has no delivery, or nothing to do, with that id: list those that it has."""


class UnknownEnvelope(NotInJournal):
    """The journal has no such envelope: `list` tells those that it has."""


class KeyReused(EsignError):
    """The key was used before for another draft, `differences` names the fields: use a new key."""

    def __init__(
        self, message: str, *, differences: Mapping[str, tuple[str, str]], **context: Any
    ) -> None:
        super().__init__(message, **context)
        self.differences = dict(differences)


class JournalUnusable(EsignError):
    """The journal cannot be opened or written: look at its address, its disk and its rights."""

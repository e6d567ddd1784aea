"""Keeping people out of errors: a vendor quotes what it was sent, names and addresses too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pydantic import SecretStr

from esign_core.engine import Task
from esign_core.engine.redaction import without
from esign_core.errors import EsignError
from esign_core.model import Envelope, EnvelopeDraft, Redirects, Value

T = TypeVar("T")

_SHORTEST = 3
"""Shorter values would take half of every word away with them."""


def discreetly(task: Task[T], draft: EnvelopeDraft | None) -> Task[T]:
    """The task, whose errors are `discreet` where the draft is at hand."""
    try:
        return (yield from task)
    except EsignError as error:
        if draft is not None:
            _ = discreet(error, draft)
        raise


def discreet(error: EsignError, draft: EnvelopeDraft) -> EsignError:
    """The same error without what the draft says of people: in its message, problems and `raw`.

    Titles, subjects, roles and file names stay: they tell what was refused, and are the caller's
    own words.
    """
    return without(error, (value for value in _personal(draft) if len(value) >= _SHORTEST))


def discreet_about(error: EsignError, envelope: Envelope) -> EsignError:
    """The same error without who signs an envelope, where the draft is not at hand any more."""
    told = (value for seat in envelope.seats for value in (seat.name, seat.email) if value)
    return without(error, (value for value in told if len(value) >= _SHORTEST))


def _personal(draft: EnvelopeDraft) -> Iterator[str]:
    if draft.message:
        yield draft.message
    yield from _addresses(draft.redirects)
    for copy in draft.copies:
        yield from (copy.name, copy.email)
    for wishes in (draft.options, *(document.options for document in draft.documents)):
        for each in wishes:
            yield from _private(each)
    for signer in draft.signers:
        number = signer.identity.number if signer.identity else None
        told = (signer.name, signer.email, signer.phone, signer.message)
        yield from (value for value in told if value)
        yield from _addresses(signer.redirects)
        for each in signer.options:
            yield from _private(each)
        if number is not None:
            yield number.get_secret_value()


def _addresses(redirects: Redirects | None) -> Iterator[str]:
    if redirects is not None:
        yield from filter(None, (redirects.signed, redirects.failed))


def _private(options: Value) -> Iterator[str]:
    """What the options themselves do not show."""
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, str) and not field.repr:
            yield value

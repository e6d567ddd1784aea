"""What of one signer Penneo cannot do: the role, the proof of who they are, their times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from esign_core.model import EnvelopeDraft, Feature, Gap, Identity, IdentityMethod, Signer
from esign_penneo.create import end_of
from esign_penneo.options import PenneoOptions, PenneoSignerOptions
from esign_penneo.vocabulary import (
    CHECKED_BEFORE,
    ELECTRONIC_ID,
    NATIONAL_ID,
    SHORTEST_ROLE,
    is_role,
    secure_methods,
    ssn_type,
)


def signer_gaps(draft: EnvelopeDraft, place: int, now: datetime) -> Iterator[Gap]:
    """Every gap of the signer in that place, with a remedy for each.

    Source: the definitions of the Send API and of the connector (V).
    """
    signer, at = draft.signers[place], f"signers[{place}]"
    if signer.role is not None and not is_role(signer.role):
        message = f'Penneo takes no role like "{signer.role}"'
        remedy = (
            f"at least {SHORTEST_ROLE} of a-z, A-Z, 0-9, space, comma, _ and -; "
            "a letter or digit first, no space last"
        )
        yield Gap(None, f"{at}.role", message, remedy)
    told = list(_identity_gaps(signer, at))
    yield from told or _access_gaps(signer, at, draft.option(PenneoOptions))
    yield from _touch_gaps(signer, at, draft.option(PenneoOptions))
    yield from _time_gaps(draft, signer, f"{at}.options.penneo", now)


def _identity_gaps(signer: Signer, at: str) -> Iterator[Gap]:
    """What the identity alone lacks."""
    identity = signer.identity
    if identity is None:
        return
    wished = signer.option(PenneoSignerOptions)
    if identity.method is IdentityMethod.SMS:
        if identity.number is None and signer.phone is None:
            message = "Penneo sends the code to a phone that it is given"
            yield Gap(Feature.IDENTITY, f"{at}.phone", message, "give the phone")
        return
    if identity.method is IdentityMethod.NATIONAL_ID:
        if wished.ssn_type is None and ssn_type(identity) is None:
            yield _no_such_country(identity, at, "checks no national id", NATIONAL_ID)
        if identity.number is None:
            message = "Penneo checks a number that it is given"
            yield Gap(Feature.IDENTITY, f"{at}.identity.number", message, "give the number")
        return
    if wished.secure_signing_methods is None and not secure_methods(identity):
        yield _no_such_country(identity, at, "signs with no electronic id", ELECTRONIC_ID)
    elif identity.number is not None and wished.ssn_type is None and ssn_type(identity) is None:
        message = f"Penneo knows no number that could match this {identity.method}"
        remedy = "leave the number out, or say what it is: PenneoSignerOptions(ssn_type=...)"
        yield Gap(Feature.IDENTITY, f"{at}.identity.number", message, remedy)


def _no_such_country(identity: Identity, at: str, what: str, known: Iterable[str]) -> Gap:
    message = f"Penneo {what} of {identity.country}"
    remedy = f"use one of: {', '.join(known)}"
    return Gap(Feature.IDENTITY, f"{at}.identity.country", message, remedy)


def _access_gaps(signer: Signer, at: str, everyone: PenneoOptions) -> Iterator[Gap]:
    """Access control needs something to check, and a code by SMS needs access control (V)."""
    wished, identity = signer.option(PenneoSignerOptions), signer.identity
    kind = wished.ssn_type or (ssn_type(identity) if identity else None)
    number = identity.number if identity else None
    has_number = number is not None or (kind == "sms" and signer.phone is not None)
    # Sensitive data switches it on for everybody (V); that a case file's own switch is stronger
    # than a signer's is inferred (I).
    for_all = next((n for n in ("sensitive_data", "access_control") if getattr(everyone, n)), None)
    by_method = identity is not None and identity.method in CHECKED_BEFORE
    own = by_method if wished.access_control is None else wished.access_control
    if (for_all or own) and not has_number and wished.vatin is None:
        cause = for_all or "access_control"
        message = f"with {cause} Penneo checks who they are, and there is nothing to check"
        remedy = "give an identity with its number, or a vatin; or leave the option out"
        where = f"{at}.identity.number" if identity else f"{at}.identity"
        yield Gap(Feature.IDENTITY, where, message, remedy)
    elif kind == "sms" and not (for_all or own):
        where = f"{at}.options.penneo.access_control"
        yield Gap(Feature.IDENTITY, where, "a code by SMS needs access control", "make it True")


def _touch_gaps(signer: Signer, at: str, everyone: PenneoOptions) -> Iterator[Gap]:
    """A touch signature beside an electronic id would prove nothing of what was asked for (I)."""
    own = signer.option(PenneoSignerOptions).enable_insecure_signing
    if signer.identity is None or not secure_methods(signer.identity):
        return
    if own or (own is None and everyone.enable_insecure_signing):
        where = f"{at}.options.penneo" if own else "options.penneo"
        message = f"a touch signature would do instead of the {signer.identity.method}"
        remedy = "make it False for this signer, or leave the identity out"
        yield Gap(Feature.IDENTITY, f"{where}.enable_insecure_signing", message, remedy)


def _time_gaps(draft: EnvelopeDraft, signer: Signer, at: str, now: datetime) -> Iterator[Gap]:
    """Times of one signer at which nobody could sign any more, or nobody was asked yet."""
    wished = signer.option(PenneoSignerOptions)
    begin = max(filter(None, (now, draft.send_at, wished.active_at)))
    end = end_of(draft, now)
    if wished.expire_at is not None and wished.expire_at <= begin:
        message = "is over before they can sign, and the whole case file with it"
        yield Gap(None, f"{at}.expire_at", message, "give a later one")
    elif wished.active_at is not None and end is not None and wished.active_at >= end:
        message = "comes after the time to sign is over"
        yield Gap(None, f"{at}.active_at", message, "give an earlier one, or more time")

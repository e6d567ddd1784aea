"""Whether what is asked for under a key is what was asked for under it before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esign_core.errors import KeyReused, Misconfigured
from esign_core.journal import Intent
from esign_core.model import Envelope, EnvelopeDraft
from esign_core.model.fingerprint import is_fingerprint_of


def expect_key(key: object, tenant: object) -> None:
    """Do nothing if that can be a key.

    Raises:
        Misconfigured: It cannot.
    """
    if not isinstance(tenant, str) or not tenant.isprintable():
        raise Misconfigured("tenant must be text without control characters; it may be empty")
    if not isinstance(key, str) or not key or not key.isprintable():
        raise Misconfigured("key must be text of yours, not empty, that is the same on every try")


def same_wish(known: Intent, draft: EnvelopeDraft, via: str) -> Envelope:
    """The envelope that was asked for under the key, if this is the same wish.

    Raises:
        KeyReused: It is another one; the differences are told.
    """
    there = known.envelope
    same_place = there.connection == via
    if same_place and is_fingerprint_of(known.fingerprint, draft, there.id):
        return there
    differences = dict(_differences("", known.draft, draft.canonical()))
    if not same_place:
        differences["via"] = (there.connection, via)
    told = ", ".join(sorted(differences)) or "a secret value"
    raise KeyReused(
        f'the key "{there.key}" was used for {there.id} ("{there.title}"), and this draft differs '
        f"in: {told}. Nothing was sent; use the same draft to get that envelope, or a new key.",
        differences=differences,
        envelope_id=there.id,
        connection=via,
    )


def _differences(at: str, one: Any, two: Any) -> list[tuple[str, tuple[str, str]]]:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        keys = sorted({*one, *two})
        steps = [(f"{at}.{key}" if at else key, one.get(key), two.get(key)) for key in keys]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        steps = [(f"{at}[{i}]", a, b) for i, (a, b) in enumerate(zip(one, two, strict=True))]
    else:
        return [] if one == two else [(at, (str(one), str(two)))]
    return [row for path, a, b in steps for row in _differences(path, a, b)]

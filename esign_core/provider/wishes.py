"""Vendor-only wishes in plain data: `options: {acme: {color: red}}`, as a draft's file has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from esign_core.errors import InvalidDraft, Misconfigured, Problem
from esign_core.model import DocumentOptions, ProviderOptions, SignerOptions
from esign_core.model.options import Options
from esign_core.provider.loading import Registry

_T = TypeVar("_T", bound=Options)


def with_options(data: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """A draft's plain data with every `options` as the values that providers define.

    `options` may stand in the draft, in a signer and in a document; each is a mapping from a
    provider's name to its wishes.

    Raises:
        InvalidDraft: A provider is not installed or has no such wishes, or one is wrong.
    """
    whole = _with(data, "", ProviderOptions, registry)
    for name, kind in (("signers", SignerOptions), ("documents", DocumentOptions)):
        rows = whole.get(name)
        if isinstance(rows, list):
            whole[name] = [
                _with(row, f"{name}[{i}].", kind, registry) if isinstance(row, Mapping) else row
                for i, row in enumerate(rows)
            ]
    return whole


def _with(
    data: Mapping[str, Any], at: str, kind: type[Options], registry: Registry
) -> dict[str, Any]:
    options = data.get("options")
    if not isinstance(options, Mapping):
        return dict(data)
    made = [_made(name, told, f"{at}options", kind, registry) for name, told in options.items()]
    return {**data, "options": made}


def _made(name: object, told: object, at: str, kind: type[_T], registry: Registry) -> _T:
    here = f"{at}.{name}"
    if not isinstance(told, Mapping):
        raise _wrong(Problem(here, "must be a mapping of the provider's own wishes"))
    try:
        known = registry.provider(str(name)).options
    except Misconfigured as error:
        raise _wrong(Problem(here, str(error))) from None
    found = next((each for each in known if issubclass(each, kind)), None)
    if found is None:
        raise _wrong(Problem(here, "this provider has no wishes of its own here"))
    try:
        return found.model_validate({str(field): wish for field, wish in told.items()})
    except InvalidDraft as error:
        raise _wrong(*(Problem(f"{here}.{p.field}", p.message) for p in error.problems)) from None


def _wrong(*problems: Problem) -> InvalidDraft:
    return InvalidDraft("EnvelopeDraft", problems)

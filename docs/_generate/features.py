"""What each provider can do, and what to do where it cannot."""

from __future__ import annotations

from typing import Any

from docs._generate.words import attributes_of, code, first_line, grid
from esign_core import Registry
from esign_core.model import Feature
from esign_core.provider import OPTIONAL_OPERATIONS, Provider
from esign_core.provider.check import REMEDY
from esign_core.service.delays import SENDING_SECONDS

_INSTEAD = {
    "poll": "not needed: the vendor makes envelopes at once",
    "dispatch": "not needed: the vendor sends in one step",
    "cancel": "let it expire, or end it in the vendor's web application",
    "remind": "write to the signer yourself",
    "signing_links": "the vendor writes to signers; nobody else sees their links",
    "list_envelopes": "the journal knows what went through here: `esign list`",
    "find": "what is in doubt stays so until a person decides",
    "log": "read the stream of events",
    "probe": "a wrong credential shows when something is asked for",
}
_YES = "yes"
_NO = "-"


def can_do(name: str) -> str:
    """What one provider can do: features, operations, limits."""
    provider = Registry.installed().provider(name)
    docs = attributes_of(Feature)
    features = [
        (_feature(each), _YES, docs[each.name])
        if provider.capabilities.supports(each)
        else (_feature(each), _NO, REMEDY[each])
        for each in Feature
    ]
    operations = [
        (code(each), _YES, first_line(getattr(provider, each)))
        if provider.supports(each)
        else (code(each), _NO, _INSTEAD[each])
        for each in OPTIONAL_OPERATIONS
    ]
    told = (provider.title, "what it is, or what to do instead")
    parts = [grid(("feature of a draft", *told), features), grid(("operation", *told), operations)]
    return "\n\n".join([*parts, "\n".join(_limits(provider))])


def feature_matrix() -> str:
    """Each feature of a draft at each provider."""
    providers = _providers()
    docs = attributes_of(Feature)
    rows = [
        (_feature(each), docs[each.name], *(_of(p, each) for p in providers), REMEDY[each])
        for each in Feature
    ]
    titles = [provider.title for provider in providers]
    return grid(("feature", "what it is", *titles, "what to do where it is missing"), rows)


def operation_matrix() -> str:
    """Each optional operation at each provider."""
    providers = _providers()
    rows = [
        (
            code(each),
            first_line(getattr(Provider, each)),
            *(_YES if p.supports(each) else _NO for p in providers),
            _INSTEAD[each],
        )
        for each in OPTIONAL_OPERATIONS
    ]
    titles = [provider.title for provider in providers]
    return grid(("operation", "what it does", *titles, "where it is missing"), rows)


def _providers() -> list[type[Provider[Any]]]:
    return [each for _, each in sorted(Registry.installed().providers.items())]


def _feature(feature: Feature) -> str:
    return feature.value.replace("_", " ")


def _of(provider: type[Provider[Any]], feature: Feature) -> str:
    return _YES if provider.capabilities.supports(feature) else _NO


def _limits(provider: type[Provider[Any]]) -> list[str]:
    most = provider.capabilities.max_signers
    minutes = (SENDING_SECONDS + provider.longest_delay_seconds) / 60
    return [
        *([f"- At most {most} signers in an envelope."] if most else []),
        *(f"- At most {each.count:,} requests in {each.seconds:g} s." for each in provider.limits),
        f"- What an unanswered `send` has made is looked for during {minutes:g} minutes.",
    ]

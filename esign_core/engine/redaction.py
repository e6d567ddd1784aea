"""Taking values that nobody may read out of all that an error tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr

from esign_core.errors import EsignError
from esign_core.model import printable
from esign_core.provider import Provider, Token

ErrorT = TypeVar("ErrorT", bound=EsignError)

_TAKEN_OUT = "[...]"
_SHORTEST_SECRET = 4
"""Shorter ones would take half of every word away with them."""


def without(error: ErrorT, values: Iterable[str]) -> ErrorT:
    """The same error without these values, in any case: in message, problems and `raw`."""
    longest_first = sorted(set(values), key=len, reverse=True)
    forms = [form for value in longest_first for form in _forms(value)]
    if not forms:
        return error
    pattern = re.compile("|".join(forms), re.IGNORECASE)

    def clean(value: Any) -> Any:
        match value:
            case str():
                return pattern.sub(_TAKEN_OUT, value)
            case dict():
                return {clean(key): clean(each) for key, each in value.items()}
            case list() | tuple():
                return [clean(each) for each in value]
            case _:
                return value

    error.message = clean(error.message)
    error.args = (error.message,)
    error.raw = clean(error.raw)
    error.problems = tuple(
        replace(problem, field=clean(problem.field), message=clean(problem.message))
        for problem in error.problems
    )
    return error


def fit_to_show(error: ErrorT, provider: Provider[Any], token: Token | None = None) -> ErrorT:
    """The same error without our own credentials, every text of it on one line.

    Vendors quote what they were sent, and third parties' adapters may pass that on as it is.
    """
    secrets = [*_secrets(provider.settings), *([token.value] if token else ())]
    _ = without(error, (value for value in secrets if len(value) >= _SHORTEST_SECRET))
    error.message = printable(error.message)
    error.args = (error.message,)
    error.problems = tuple(
        replace(problem, field=printable(problem.field), message=printable(problem.message))
        for problem in error.problems
    )
    return error


def _forms(value: str) -> Iterator[str]:
    """As it is; and on one line, as messages have it."""
    yield re.escape(value)
    words = printable(value).split()
    if len(words) > 1:
        yield r"\s+".join(map(re.escape, words))


def _secrets(value: object) -> Iterator[str]:
    """The secret values in settings, however deep they lie."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for _, each in value:
                yield from _secrets(each)
        case Mapping():
            for each in value.values():
                yield from _secrets(each)
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from _secrets(each)
        case _:
            return

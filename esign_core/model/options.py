"""Wishes that only one vendor knows: of an envelope, of a signer, of a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import AfterValidator, PlainSerializer, ValidationInfo, field_validator

from esign_core.model.value import Value


class Options(Value):
    """What the three kinds share. A provider subclasses one of the kinds and sets `provider`."""

    provider: ClassVar[str]
    """The name of the provider that reads them; the others do not see them."""

    @field_validator("*", mode="before")
    @classmethod
    def _as_listed(cls, value: object, info: ValidationInfo) -> object:
        """The number that a field lists, from its text: a file may have text alone."""
        if not isinstance(value, str):
            return value
        listed = _listed(cls.model_fields[info.field_name or ""].annotation)
        numbers = {str(each): each for each in listed if type(each) is int}
        return value if value in listed else numbers.get(value, value)


class ProviderOptions(Options):
    """Wishes for a whole envelope."""


class SignerOptions(Options):
    """Wishes for one signer; what is not given follows the envelope's."""


class DocumentOptions(Options):
    """Wishes for one document."""


OptionsT = TypeVar("OptionsT", bound=Options)


def option(options: Iterable[Options], kind: type[OptionsT]) -> OptionsT:
    """The wishes of a kind, or that kind's defaults."""
    return next((each for each in options if isinstance(each, kind)), kind())


def _listed(annotation: object) -> tuple[object, ...]:
    """What the literals of an annotation list, also where they are optional."""
    kind = get_origin(annotation)
    if kind is Literal:
        return get_args(annotation)
    if kind in (Annotated, Union, UnionType):
        return tuple(value for each in get_args(annotation) for value in _listed(each))
    return ()


def _one_of_each(options: Sequence[OptionsT]) -> tuple[OptionsT, ...]:
    kinds = [type(each) for each in options]
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if twice is not None:
        raise ValueError(f"has two {twice.__name__}; give one")
    return tuple(options)


def _as_data(options: Sequence[Options]) -> list[dict[str, Any]]:
    return [{"provider": o.provider, **o.model_dump(exclude_defaults=True)} for o in options]


_T = TypeVar("_T", bound=Options)
OptionsOf: TypeAlias = Annotated[
    Sequence[_T], AfterValidator(_one_of_each), PlainSerializer(_as_data)
]
"""At most one of each kind."""

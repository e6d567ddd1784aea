"""Keeping secrets out of pickles, where everybody could read them: queues, caches, dumps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NoReturn, Self

from pydantic import SecretStr


class NeverPickled:
    """What is a secret, or holds one. It refuses to be pickled; a copy is itself."""

    __slots__ = ()
    instead: ClassVar[str] = "Make it anew where it is needed."
    """What to do, for the error."""

    def __reduce__(self) -> NoReturn:
        raise refusal(type(self).__name__, "it is a secret, or holds one", self.instead)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


def refusal(what: str, why: str, instead: str) -> TypeError:
    """The error for what is not pickled."""
    return TypeError(
        f"{what} is not pickled: {why}, and a pickle shows it to who has it. {instead}"
    )


def holds_secret(value: object) -> bool:
    """Whether a value of a field is a secret, or a list or table of some."""
    if isinstance(value, Mapping):
        return any(holds_secret(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_secret(each) for each in value)
    return isinstance(value, SecretStr)

"""Making frozen dataclasses as quickly as plain ones.

A frozen dataclass goes through `object.__setattr__` for each of its fields, which takes longer
than all the rest. What is made here is filled while it is of a class that has the same slots and
is not frozen, and is given its own class then. It is for the few places where many are made. The
class must have slots, and its `__post_init__` is not called; a field that is not for its `__init__`
starts anew with its default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field, fields, make_dataclass
from operator import attrgetter
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def maker(kind: Callable[P, T]) -> Callable[P, T]:
    """What makes the same objects as the class, in a third of the time."""
    specified = [
        (each.name, Any, field(default=each.default, default_factory=each.default_factory))
        for each in fields(cast("Any", kind))
        if each.init
    ]
    return cast("Callable[P, T]", _unfrozen(kind, specified))


def changer(kind: type[T], *names: str) -> Callable[..., T]:
    """What `dataclasses.replace` does for these fields, in a fifth of the time.

    It is called with an object and the new values, in the order of the names. At least two fields
    must stay.
    """
    told = [each.name for each in fields(cast("Any", kind)) if each.init]
    others = [name for name in told if name not in names]
    values_of = attrgetter(*others)
    make = _unfrozen(kind, [*others, *names])

    def changed(old: T, *values: Any) -> T:
        return cast("T", make(*values_of(old), *values))

    return changed


def _unfrozen(kind: Any, specified: Sequence[Any]) -> Any:
    def freeze(self: object) -> None:
        self.__class__ = kind

    untold = [
        (each.name, Any, field(default=each.default, init=False))
        for each in fields(kind)
        if not each.init
    ]
    return make_dataclass(
        "Unfrozen", [*specified, *untold], namespace={"__post_init__": freeze}, slots=True
    )

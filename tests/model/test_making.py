from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from esign_core.model.making import changer, maker


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with all kinds of fields."""

    name: str
    size: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)

    @property
    def title(self) -> str:
        return self.name.title()


make_thing = maker(Thing)
renamed = changer(Thing, "secret", "name")


def test_what_is_made_quickly_is_the_same() -> None:
    """Its class, its value, what it shows, and what it can."""
    quick, slow = make_thing("a", secret="canary"), Thing("a", secret="canary")
    assert (type(quick), quick, repr(quick)) == (Thing, slow, repr(slow))
    assert quick.title == "A"
    assert copy.copy(quick) == copy.deepcopy(quick) == slow
    assert replace(quick, name="b") == Thing("b", secret="canary")


def test_what_is_made_quickly_is_frozen() -> None:
    """Nobody can change it afterwards."""
    for thing in (make_thing("a"), renamed(Thing("a"), "", "b")):
        with pytest.raises(FrozenInstanceError):
            thing.name = "c"  # type: ignore[misc]


def test_defaults_are_everybodys_own() -> None:
    """A field that is made anew for each is not shared, and a missing one is missed."""
    one, other = make_thing("a"), make_thing("b")
    one.parts["x"] = 1
    assert other.parts == {}
    with pytest.raises(TypeError, match="name"):
        make_thing()  # type: ignore[call-arg]


def test_a_change_leaves_all_else() -> None:
    """The old one included, which shares what was not changed."""
    old = Thing("a", 1, {"x": 1}, "canary")
    new = renamed(old, "other", "b")
    assert new == replace(old, secret="other", name="b")
    assert new.parts is old.parts
    assert old == Thing("a", 1, {"x": 1}, "canary")

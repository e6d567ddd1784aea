from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, StringConstraints, ValidationError

from esign_core.errors import InvalidDraft
from esign_core.model import Value, did_you_mean, problems_of, unknown_name
from esign_core.model.wording import _WORDS


class Colour(StrEnum):
    """Two members."""

    RED = "red"
    BLUE = "blue"


class Strict(BaseModel):
    """Types that take nothing for something else."""

    model_config = {"strict": True}

    count: int = 0
    none: None = None


class Everything(Value):
    """A field of each type that a value can have."""

    text: str = ""
    short: str = Field(default="", max_length=3)
    code: str = Field(default="DK", pattern=r"^[A-Z]{2}$")
    least: str = Field(default="abc", min_length=3)
    some: str = Field(default="a", min_length=1)
    secret: SecretStr = Field(default=SecretStr("a"), min_length=1)
    pair: tuple[int, ...] = Field(default=(1, 2), min_length=2, max_length=3)
    whole: int = Field(default=1, ge=1, le=5)
    number: float = Field(default=1.0, gt=0, lt=5.5, allow_inf_nan=False)
    is_so: bool = False
    colour: Colour = Colour.RED
    word: Literal["x", "y"] = "x"
    mapping: Mapping[str, str] = {}
    many: Sequence[int] = ()
    names: list[str] = Field(default_factory=list)
    unique: set[str] = Field(default_factory=set)
    fixed: frozenset[str] = frozenset()
    inner: Strict = Strict()
    path: Path | None = None
    at: datetime | None = None
    data: bytes = b""
    nothing: None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)] = "a"
    kind: type[int] = int


@pytest.mark.parametrize(
    ("field", "given", "told"),
    [
        ("text", 5, "text: must be text"),
        ("short", "canary", "short: must have at most 3 characters"),
        ("code", "canary", "code: must fit the pattern ^[A-Z]{2}$"),
        ("least", "a", "least: must have at least 3 characters"),
        ("some", "", "some: must not be empty"),
        ("secret", "", "secret: must not be empty"),
        ("secret", 5, "secret: must be text"),
        ("pair", [1], "pair: needs at least 2"),
        ("pair", [1] * 4, "pair: takes at most 3"),
        ("pair", 5, "pair: must be a list"),
        ("whole", "canary", "whole: must be a whole number"),
        ("whole", 1.5, "whole: must be a whole number"),
        ("whole", [], "whole: must be a whole number"),
        ("whole", "9" * 5000, "whole: must be a smaller number"),
        ("whole", 0, "whole: must be 1 or more"),
        ("whole", 6, "whole: must be 5 or less"),
        ("number", 0, "number: must be over 0"),
        ("number", 5.5, "number: must be under 5.5"),
        ("number", "canary", "number: must be a number"),
        ("number", [], "number: must be a number"),
        ("number", float("nan"), "number: must be a number"),
        ("is_so", "canary", "is_so: must be true or false"),
        ("is_so", [], "is_so: must be true or false"),
        ("colour", "canary", 'colour: must be "red" or "blue"'),
        ("word", "canary", 'word: must be "x" or "y"'),
        ("mapping", 5, "mapping: must be a mapping of names to values"),
        ("mapping", {"a": 1}, "mapping.a: must be text"),
        ("many", 5, "many: must be a list"),
        ("many", "canary", "many: must be a list"),
        ("many", ["canary"], "many[0]: must be a whole number"),
        ("names", 5, "names: must be a list"),
        ("unique", 5, "unique: must be a list"),
        ("fixed", 5, "fixed: must be a list"),
        ("inner", 5, "inner: must be a mapping of names to values"),
        ("inner", {"count": "1"}, "inner.count: must be a whole number"),
        ("path", 5, "path: must be a path"),
        ("at", "canary", "at: must be a time, as 2030-01-31T09:00:00+01:00"),
        ("at", "2030-13-31T09:00:00Z", "at: must be a time, as 2030-01-31T09:00:00+01:00"),
        ("at", [], "at: must be a time, as 2030-01-31T09:00:00+01:00"),
        ("data", 5, "data: must be bytes"),
        ("nothing", "canary", "nothing: must be left out"),
        ("kind", "canary", "kind: cannot be used as it is (is subclass of)"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(field: str, given: object, told: str) -> None:
    """Whatever the type: what it must be, and never what it was."""
    with pytest.raises(InvalidDraft) as caught:
        Everything.model_validate({field: given})
    assert [str(problem) for problem in caught.value.problems] == [told]
    assert "canary" not in f"{caught.value!r}"


def test_every_word_can_be_said() -> None:
    """What pydantic tells with a type of error is enough for our words about it."""
    context: dict[str, Any] = dict.fromkeys(("gt", "ge", "lt", "le"), 1.0)
    context |= dict.fromkeys(("min_length", "max_length", "pattern", "expected", "class"), "x")
    for words in _WORDS.values():
        assert "{" not in words.format(**context)


def test_a_value_of_another_class_names_the_right_one() -> None:
    """For what only Python can hold."""

    class Opaque:
        pass

    class Holder(Value):
        held: Opaque

    with pytest.raises(InvalidDraft, match=r"held: must be of type .*Opaque"):
        Holder.model_validate({"held": 5})


def test_an_unknown_name_is_told_with_what_was_meant() -> None:
    """The closest one; or all, where none is close."""
    assert unknown_name("api_kee", ["api_key", "url"]) == (
        'is not known here. Did you mean "api_key"?'
    )
    assert unknown_name("xyz", ["api_key", "url"]) == "is not known here; there are api_key, url"
    assert unknown_name("xyz", []) == "is not known here"
    assert did_you_mean("xyz", ["api_key"]) == ""


def test_an_unknown_name_inside_of_another_model_is_no_name_of_ours() -> None:
    """What is known outside is no help inside."""

    class Inner(BaseModel, extra="forbid"):
        text: str = ""

    class Outer(BaseModel, extra="forbid"):
        inner: Inner

    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"inner": {"inne": 1}, "inne": 1})
    told = [str(problem) for problem in problems_of(caught.value, ["inner"])]
    assert told == [
        "inner.inne: is not known here",
        'inne: is not known here. Did you mean "inner"?',
    ]

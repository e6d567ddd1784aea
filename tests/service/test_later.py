"""What the classes work with is loaded when it is first used, and is what types say."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest

from esign_core.service import later


def _typed() -> set[tuple[str, str]]:
    """Where type checkers find each name."""
    return {
        (node.module or "", alias.name)
        for node in ast.walk(ast.parse(inspect.getsource(later)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("esign_core")
        for alias in node.names
    }


@pytest.mark.parametrize(("place", "name"), sorted(_typed()))
def test_what_is_loaded_later_is_what_its_type_says(place: str, name: str) -> None:
    """The two lists in that module name the same things in the same places."""
    stand_in = getattr(later, name)
    loaded = stand_in._loaded()
    assert loaded is getattr(importlib.import_module(place), name)
    assert (stand_in._place, stand_in._name) == (place, name)


def test_everything_that_is_loaded_later_has_a_type() -> None:
    """And nothing is exported that is not in the lists."""
    assert {name for _, name in _typed()} == set(later.__all__)


def test_a_mistake_in_a_call_points_at_what_was_called() -> None:
    """A stand-in adds nothing of its own to an error."""
    with pytest.raises(TypeError, match=r"open_session\(\) missing"):
        later.open_session()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

"""The blocking classes and the awaited ones are the same words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from esign_core.service import AsyncConnection, AsyncEsign, Connection, Esign
from esign_core.service.deliveries import AsyncInbox, Inbox
from esign_core.service.events import AsyncEvents, Events
from esign_core.service.opened import AsyncClosing, Closing
from esign_core.service.work import AsyncWork, Work

PAIRS = [
    (Connection, AsyncConnection),
    (Esign, AsyncEsign),
    (Closing, AsyncClosing),
    (Events, AsyncEvents),
    (Inbox, AsyncInbox),
    (Work, AsyncWork),
]
AWAITED = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__"}
ALSO_BLOCKING = {"connections", "rejected", "from_config", "worker", "__init__"}
"""What asks nobody, and so is the same in both."""


def _members(kind: type) -> dict[str, Any]:
    special = {"__init__", *AWAITED, *AWAITED.values()}
    return {
        name: member
        for name, member in vars(kind).items()
        if not name.startswith("_") or name in special
    }


def _function(member: Any) -> Callable[..., Any]:
    if isinstance(member, property):
        assert member.fget is not None
        return member.fget
    function: Callable[..., Any] = getattr(member, "__func__", member)
    return function


def _blocking(text: str) -> str:
    """The words of the awaited class as the blocking one would say them."""
    text = text.replace("AsyncDriver", "SyncDriver")
    text = re.sub(r"Async(?=[A-Z])", "", text).replace("AsyncIterator", "Iterator")
    return text.replace("async with", "with").replace("tasks: ", "threads: ")


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_pair_has_the_same_verbs(one: type, two: type) -> None:
    """Nothing is missing on either side."""
    assert {AWAITED.get(name, name) for name in _members(one)} == set(_members(two))


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_pair_has_the_same_signatures_and_words(one: type, two: type) -> None:
    """The same arguments, defaults, types and promises; only `async` is between them."""
    for name, member in _members(one).items():
        other = _function(_members(two)[AWAITED.get(name, name)])
        mine = _function(member)
        where = f"{one.__name__}.{name}"
        assert str(inspect.signature(mine)) == _blocking(str(inspect.signature(other))), where
        assert _words(mine) == _words(other), where


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_what_asks_somebody_is_awaited(one: type, two: type) -> None:
    """No verb of the awaited class blocks the event loop."""
    for name, member in _members(two).items():
        function = _function(member)
        is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        assert is_async is (name not in ALSO_BLOCKING), f"{two.__name__}.{name}"


def test_classes_say_the_same() -> None:
    """The class docstrings too."""
    for one, two in PAIRS[:2]:
        assert _words(one) == _words(two)


def _words(thing: object) -> list[str]:
    return _blocking(inspect.getdoc(thing) or "").split()

"""What a caller gives to a verb, looked at before anything is done."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TypeGuard, TypeVar

from esign_core.errors import Misconfigured
from esign_core.model import ArtifactKind, WebhookRequest

T = TypeVar("T")

MOST = 2**63 - 1
"""The highest number that every database knows."""
MOST_THREADS = 100
"""How many work at the most: each holds memory, and all of them share one journal."""

MOST_SECONDS = 86_400 * 365
"""How long `send` can wait: a year."""


def expect_text(**given: object) -> None:
    """Do nothing if each of these is text that a database can keep.

    Raises:
        Misconfigured: One is not.
    """
    for name, value in given.items():
        if not isinstance(value, str):
            raise _wrong(name, "text", value)
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Misconfigured(
                f"{name} must be text without NUL or half characters. Nothing was done."
            )


def expect_text_or_none(**given: object) -> None:
    """`expect_text`, for what may be left out."""
    expect_text(**{name: value for name, value in given.items() if value is not None})


def expect_whole_number(**given: object) -> None:
    """Do nothing if each of these is a whole number; True is none.

    Raises:
        Misconfigured: One is not.
    """
    for name, value in given.items():
        if not _is_number(value) or isinstance(value, float):
            raise _out_of_bounds(name, "a whole number", value)


def expect_count(*, least: int = 1, most: int = MOST, **given: int) -> None:
    """Do nothing if each of these is a whole number within the bounds.

    Raises:
        Misconfigured: One is not.
    """
    expect_whole_number(**given)
    for name, value in given.items():
        if not least <= value <= most:
            raise _out_of_bounds(name, f"a whole number from {least} to {most}", value)


def expect_path(**given: object) -> None:
    """Do nothing if each of these is a path.

    Raises:
        Misconfigured: One is not.
    """
    for name, value in given.items():
        if not isinstance(value, (str, os.PathLike)):
            raise _wrong(name, "a path", value)


def expect_a(kind: type, **given: object) -> None:
    """Do nothing if each of these is of that kind.

    Raises:
        Misconfigured: One is not.
    """
    for name, value in given.items():
        if not isinstance(value, kind):
            raise _wrong(name, f"a {kind.__name__}", value)


def expect_kinds(kinds: object) -> None:
    """Do nothing if these are kinds of files.

    Raises:
        Misconfigured: They are not.
    """
    known = [each.value for each in ArtifactKind]
    if not is_list_of(kinds, str) or not all(each in known for each in kinds):
        raise _wrong("kinds", f"a list of: {', '.join(known)}", kinds)


def is_list_of(value: object, *kinds: type[T]) -> TypeGuard[Collection[T]]:
    """Whether it is a list of such things, or a set of them; a text is no list of letters."""
    if not isinstance(value, Collection) or isinstance(value, (str, bytes)):
        return False
    return all(isinstance(each, kinds) for each in value)


def expect_decision(envelope_id: object, adopt: object) -> None:
    """Do nothing if that can be a decision about an envelope.

    Raises:
        Misconfigured: It cannot.
    """
    expect_text(envelope_id=envelope_id)
    expect_text_or_none(adopt=adopt)


def expect_request(via: object, method: object, path: object, host: object, params: object) -> None:
    """Do nothing if that can be a request to a vendor.

    Raises:
        Misconfigured: It cannot.
    """
    expect_text(via=via, method=method, path=path, host=host)
    if params is not None and not isinstance(params, Mapping):
        raise _wrong("params", "a mapping", params)


def expect_delivery(endpoint: object, request: object) -> None:
    """Do nothing if that is a delivery to an endpoint.

    Raises:
        Misconfigured: It is not.
    """
    if not isinstance(endpoint, str):  # a text that anybody may have sent is no connection's
        raise _wrong("endpoint", "text", endpoint)
    if not isinstance(request, WebhookRequest):
        raise _wrong("request", "a WebhookRequest", request)
    if not isinstance(request.body, bytes):
        raise _wrong("the body of a WebhookRequest", "the bytes that were received", request.body)


def seconds_to_wait(patience_seconds: object, *, wait: bool) -> float:
    """How long to wait; not at all unless asked to.

    Raises:
        Misconfigured: That is no number of seconds.
    """
    if not _is_number(patience_seconds) or not 0 <= patience_seconds <= MOST_SECONDS:
        expected = f"a number of seconds from 0 to {MOST_SECONDS}"
        raise _out_of_bounds("patience_seconds", expected, patience_seconds)
    return patience_seconds if wait else 0.0


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrong(name: str, expected: str, value: object) -> Misconfigured:
    """The error; the value may be anything, also a secret, and is not shown."""
    return _told(name, expected, type(value).__name__)


def _out_of_bounds(name: str, expected: str, value: object) -> Misconfigured:
    """The error where a number was asked for, with the number; one without end is not shown."""
    is_short = _is_number(value) and abs(value) <= MOST + 1
    return _told(name, expected, str(value) if is_short else type(value).__name__)


def _told(name: str, expected: str, given: str) -> Misconfigured:
    return Misconfigured(f"{name} must be {expected}, not {given}. Nothing was done.")

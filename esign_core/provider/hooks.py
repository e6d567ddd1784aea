"""The hooks that a plugin can implement, in entry-point group `esign`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from esign_core.model import EnvelopeDraft, Event
    from esign_core.provider.provider import Provider

PROJECT = "esign"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as the implementation of the hook of its name."""


@hookspec
def esign_providers() -> list[type[Provider[Any]]]:  # type: ignore[empty-body]
    """The providers that a plugin brings."""


@hookspec
def esign_before_send(draft: EnvelopeDraft, connection_name: str) -> EnvelopeDraft | None:
    """See a draft before it is sent: raise to stop it, answer another to amend it, or None."""


@hookspec
def esign_event(event: Event) -> None:
    """See an event after it was stored, at least once, in the worker.

    They come in order, but for those on which it raised: each of these is told again after a pause,
    and the others come meanwhile. After ten of them nothing comes until it takes one.
    """

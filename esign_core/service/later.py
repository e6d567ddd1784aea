"""What the classes of this package work with, loaded when it is first used.

With it come httpx, SQLAlchemy and most of the core. So `from esign_core import Esign` is quick,
and a program that only writes drafts never loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class _Later:
    """A module, or a thing in one, that is imported when it is called or looked into."""

    def __init__(self, place: str, name: str) -> None:
        self._place = place
        self._name = name
        self._thing: Any = None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._loaded()(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loaded(), name)

    def _loaded(self) -> Any:
        """As `from place import name` finds it, once."""
        if self._thing is None:
            self._thing = getattr(__import__(self._place, fromlist=[self._name]), self._name)
        return self._thing


if TYPE_CHECKING:
    from esign_core.engine import AsyncDriver, SyncDriver
    from esign_core.engine.transport import Transport
    from esign_core.journal import Journal, Vault
    from esign_core.provider import Registry
    from esign_core.service import operations, verbs
    from esign_core.service.checks import check_here, check_via
    from esign_core.service.condition import condition
    from esign_core.service.config import Config, as_keys, read_config
    from esign_core.service.connections import connection_in
    from esign_core.service.deliveries import AsyncInbox, Inbox
    from esign_core.service.downloads import download
    from esign_core.service.erase import erase
    from esign_core.service.events import AsyncEvents, Events
    from esign_core.service.opening import open_session
    from esign_core.service.receive import receive
    from esign_core.service.resolve import resolve
    from esign_core.service.send import preview, send
    from esign_core.service.work import AsyncWork, Work
    from esign_core.service.worker import AsyncWorker, Worker
    from esign_core.service.workspace import Workspace
else:
    AsyncDriver = _Later("esign_core.engine", "AsyncDriver")
    SyncDriver = _Later("esign_core.engine", "SyncDriver")
    Transport = _Later("esign_core.engine.transport", "Transport")
    Journal = _Later("esign_core.journal", "Journal")
    Vault = _Later("esign_core.journal", "Vault")
    Registry = _Later("esign_core.provider", "Registry")
    operations = _Later("esign_core.service", "operations")
    verbs = _Later("esign_core.service", "verbs")
    check_here = _Later("esign_core.service.checks", "check_here")
    check_via = _Later("esign_core.service.checks", "check_via")
    condition = _Later("esign_core.service.condition", "condition")
    Config = _Later("esign_core.service.config", "Config")
    as_keys = _Later("esign_core.service.config", "as_keys")
    read_config = _Later("esign_core.service.config", "read_config")
    connection_in = _Later("esign_core.service.connections", "connection_in")
    AsyncInbox = _Later("esign_core.service.deliveries", "AsyncInbox")
    Inbox = _Later("esign_core.service.deliveries", "Inbox")
    erase = _Later("esign_core.service.erase", "erase")
    download = _Later("esign_core.service.downloads", "download")
    AsyncEvents = _Later("esign_core.service.events", "AsyncEvents")
    Events = _Later("esign_core.service.events", "Events")
    open_session = _Later("esign_core.service.opening", "open_session")
    receive = _Later("esign_core.service.receive", "receive")
    resolve = _Later("esign_core.service.resolve", "resolve")
    preview = _Later("esign_core.service.send", "preview")
    send = _Later("esign_core.service.send", "send")
    AsyncWork = _Later("esign_core.service.work", "AsyncWork")
    Work = _Later("esign_core.service.work", "Work")
    AsyncWorker = _Later("esign_core.service.worker", "AsyncWorker")
    Worker = _Later("esign_core.service.worker", "Worker")
    Workspace = _Later("esign_core.service.workspace", "Workspace")

__all__ = [
    "AsyncDriver",
    "AsyncEvents",
    "AsyncInbox",
    "AsyncWork",
    "AsyncWorker",
    "Config",
    "Events",
    "Inbox",
    "Journal",
    "Registry",
    "SyncDriver",
    "Transport",
    "Vault",
    "Work",
    "Worker",
    "Workspace",
    "as_keys",
    "check_here",
    "check_via",
    "condition",
    "connection_in",
    "download",
    "erase",
    "open_session",
    "operations",
    "preview",
    "read_config",
    "receive",
    "resolve",
    "send",
    "verbs",
]

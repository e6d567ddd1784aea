"""Everything that can be known to be wrong before it hurts, each with what to do."""

from __future__ import annotations

import importlib.util
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from esign_core.engine import MemoryBudgets, Session, SyncDriver
from esign_core.engine.transport import Transport
from esign_core.errors import (
    BrokenProvider,
    InvalidDraft,
    JournalUnusable,
    Misconfigured,
)
from esign_core.journal import Journal, Vault
from esign_core.model import Document
from esign_core.model.address import file_of
from esign_core.provider import Registry, utc_now
from esign_core.service.config import Config, read_config
from esign_core.service.findings import Finding, Severity
from esign_core.service.left_undone import left_undone
from esign_core.service.opening import open_session
from esign_core.service.probing import TimedLine, probe
from esign_core.service.sealing import sealing
from esign_core.service.workspace import Workspace

_TIMEOUT_SECONDS = 10.0
"""How long a vendor may be silent: somebody waits for the answer."""
_MOST = 1000
"""How many rows are counted at the most."""
_SAFE_SQLITE = (3, 51, 3)
"""The first version that stays whole when two connections write and checkpoint at once."""
_BUCKET = re.compile(r"(s3|gs|az|file|memory)://")


def examine(
    path: str | Path,
    *,
    registry: Registry | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> tuple[Finding, ...]:
    """What is wrong with a configuration and all that it names, and what is as it should be.

    Plugins and settings are looked at, then the journal and what is left to do in it; then each
    vendor is asked once for something cheap. Nothing is changed, but for a journal of an older
    version, whose tables are brought up to this one's.

    Args:
        path: The configuration.
        registry: Where providers are looked for; the installed ones if not given.
        clock: What this machine takes for the time.
    """
    registry = registry or Registry.installed()
    found = list(_plugins(registry))
    try:
        config = read_config(path, registry=registry)
        journal = Journal(config.journal, Vault(config.encryption_keys))
        workspace = Workspace(config, journal, registry, clock=clock, open_session=_open)
    except Misconfigured as error:
        return (*found, *_wrong_settings(str(path), error))
    found.append(Finding.ok("settings", str(path), "can be read, and every setting is known"))
    try:
        found += _broken(workspace)
        for session in workspace.connections.values():
            found += [*_templates(session), *_extras(session, config)]
        found += [*_sqlite(config.journal), *_journal(workspace), *_archive(config)]
        driver = SyncDriver()
        for session in workspace.connections.values():
            found += driver.run(probe(_counting(session, config.journal, found)))
    finally:
        workspace.close()
    return tuple(found)


def _open(*arguments: Any, clock: Callable[[], datetime], **options: Any) -> Session:
    line = TimedLine(Transport(timeout_seconds=_TIMEOUT_SECONDS), clock)
    return open_session(*arguments, **options, clock=clock, line=line)


def _counting(session: Session, url: str, found: Iterable[Finding]) -> Session:
    """The account, whose requests are counted in the journal if there is one that works."""
    file = file_of(url)
    works = all(each.severity is Severity.OK for each in found if each.check == "journal")
    if works and (file is None or file.exists()):
        return session
    return replace(session, budgets=MemoryBudgets(), token_store=None)


def _plugins(registry: Registry) -> Iterator[Finding]:
    for each in registry.broken:
        yield Finding.error(
            "plugin",
            each.name,
            f"{each.distribution} cannot be used: {each.error}",
            "mend, upgrade or uninstall it; its providers and hooks do not work",
        )


def _wrong_settings(path: str, error: Misconfigured) -> Iterator[Finding]:
    if not error.problems:
        yield Finding.error(
            "settings", path, error.message, "mend it, or name another one with --config"
        )
    for problem in error.problems:
        yield Finding.error("settings", path, str(problem), "mend it; then look again")


def _broken(workspace: Workspace) -> Iterator[Finding]:
    for name in workspace.config.connections:
        try:
            _ = workspace.session(name)
        except BrokenProvider as error:
            remedy = "mend or upgrade its plugin; the other connections work without it"
            yield Finding.error("settings", name, error.message, remedy)


def _templates(session: Session) -> Iterator[Finding]:
    for name, target in sorted(session.provider.settings.templates.items()):
        if target.document is not None:
            try:
                _ = Document.from_path(target.document)
            except InvalidDraft as error:
                told = "; ".join(map(str, error.problems))
                remedy = "put a PDF there, or map the template to another one"
                message = f'template "{name}": {told}'
                yield Finding.error("settings", session.name, message, remedy)


def _extras(session: Session, config: Config) -> Iterator[Finding]:
    settings = config.connections[session.name]
    for name, value in settings.items():
        is_bucket = isinstance(value, str) and _BUCKET.match(value) is not None
        if is_bucket and importlib.util.find_spec("obstore") is None:
            yield Finding.error(
                "extra",
                session.name,
                f"{name} is a bucket, and the package that reads buckets is not installed",
                'install esign-core with its extra "s3"; in a checkout: pip install ".[s3]"',
            )


def _sqlite(url: str) -> Iterator[Finding]:
    if file_of(url) is None:
        return
    version = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info >= _SAFE_SQLITE:
        yield Finding.ok("sqlite", version, "is recent enough for several processes")
        return
    safe = ".".join(map(str, _SAFE_SQLITE))
    yield Finding.warning(
        "sqlite",
        version,
        f"versions before {safe} can corrupt a file that one process writes while another tidies "
        "it up; processes of esign take turns, other programs do not",
        "let nothing but esign write to the journal (on Windows one process alone: `esign serve "
        f"--worker`), or use a Python with SQLite {safe} or newer",
    )


def _journal(workspace: Workspace) -> Iterator[Finding]:
    url = workspace.config.journal
    file = file_of(url)
    if file is not None and not file.exists() and _can_be_made(file):
        yield Finding.ok("journal", str(file), "is not there yet, and can be made")
        return
    try:
        # a write, so that a disk or file that cannot be written is found out
        found = workspace.journal.write(partial(left_undone, workspace, most=_MOST))
    except JournalUnusable as error:
        remedy = "do what it says, or name another journal in the configuration"
        yield Finding.error("journal", str(file or "journal"), error.message, remedy)
        return
    yield Finding.ok("journal", str(file or "journal"), "can be written")
    if file is not None:
        yield from _rights(file)
    yield from found
    yield from sealing(workspace.journal, most=_MOST)


def _rights(file: Path) -> Iterator[Finding]:
    mode = file.stat().st_mode & 0o777
    if os.name == "posix" and mode & 0o004:
        yield Finding.warning(
            "rights",
            str(file),
            f"others on this machine can read it ({mode:o}): it has signers' names and addresses",
            f'`chmod 600 "{file}"`, and the same for the files beside it, -wal and -shm',
        )


def _archive(config: Config) -> Iterator[Finding]:
    if config.archive is None:
        return
    there = folder = Path(config.archive)
    while not there.exists() and there != there.parent:
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    remedy = "give this process a folder it can write to, or name another one in the configuration"
    yield Finding.error("archive", str(folder), "cannot be written: no file gets there", remedy)


def _can_be_made(file: Path) -> bool:
    return file.parent.is_dir() and os.access(file.parent, os.W_OK | os.X_OK)

"""The archive: signed files of completed envelopes, and their hashes in the stream."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from esign_core.engine import Task
from esign_core.journal import Transaction, WorkItem
from esign_core.model import (
    ArtifactKind,
    Authenticity,
    EventType,
    Fact,
    Observation,
    Source,
)
from esign_core.service.downloads import Brought, bring_all
from esign_core.service.record import IN_ARCHIVE
from esign_core.service.schedule import Again
from esign_core.service.workspace import Workspace

_ELSEWHERE = "elsewhere/"
"""How the fact of a file begins its token that somebody has taken to a place of their own."""


def archive(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Bring the signed files of an envelope to `<archive>/<envelope id>/signed-1.pdf` and so on.

    Each is there whole or not at all, and the same again after a crash.
    """
    folder = workspace.config.archive
    if folder is None:  # it is wished no longer
        return None
    envelope = yield from workspace.envelope(item.subject)
    session, remote_id = workspace.place(envelope)
    brought = yield from bring_all(
        session,
        remote_id,
        to=Path(folder) / envelope.id,
        kinds=(ArtifactKind.SIGNED,),
        by_label=True,
    )
    yield from workspace.write(
        lambda tx: record_files(workspace, tx, envelope.id, brought, archive=Path(folder))
    )
    return None


def record_files(
    workspace: Workspace,
    tx: Transaction,
    envelope_id: str,
    brought: Sequence[Brought],
    *,
    archive: Path | None = None,
) -> None:
    """Write down which files were brought over; where they are only of those in the archive.

    The same file again is no news.
    """
    files = {
        f"{IN_ARCHIVE if archive else _ELSEWHERE}{each.label}/{each.file.sha256}": {
            "artifact": each.label,
            "size": each.file.size,
            "sha256": each.file.sha256,
            "path": each.file.path.relative_to(archive).as_posix() if archive else None,
        }
        for each in brought
    }
    learned = Observation(
        source=Source.REPLY,
        authenticity=Authenticity.FETCHED,
        received_at=workspace.clock(),
        facts={Fact(EventType.ENVELOPE_ARCHIVED, token=token): None for token in files},
        files=files,
    )
    _ = tx.record(tx.envelopes.get(envelope_id), learned)

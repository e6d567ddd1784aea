"""Bringing an envelope's files over, each whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path

from esign_core.engine import SavedFile, Session, Task, bring, call, safe_name
from esign_core.errors import EnvelopeClosed, EsignError, NotReady
from esign_core.model import Artifact, ArtifactKind, EnvelopeStatus, Snapshot
from esign_core.service.operations import fetch


@dataclass(frozen=True)
class Brought:
    """A file that was brought over, and what it is."""

    label: str
    """Its kind, and which one of them: `signed-1`."""
    file: SavedFile


def download(
    session: Session, remote_id: str, *, to: Path, kinds: Collection[ArtifactKind]
) -> Task[tuple[SavedFile, ...]]:
    """Bring an envelope's files into a folder.

    Raises:
        NotReady: It has no such files yet.
        EnvelopeClosed: It has ended without them.
    """
    brought = yield from bring_all(session, remote_id, to=to, kinds=kinds)
    return tuple(each.file for each in brought)


def bring_all(
    session: Session,
    remote_id: str,
    *,
    to: Path,
    kinds: Collection[ArtifactKind],
    by_label: bool = False,
) -> Task[tuple[Brought, ...]]:
    """`download`, with what each file is.

    With `by_label` no word of a file's name comes from outside.
    """
    snapshot = yield from fetch(session, remote_id)
    wanted = [artifact for artifact in snapshot.artifacts if artifact.kind in kinds]
    missing = set(kinds) - {artifact.kind for artifact in wanted}
    if snapshot.status is not EnvelopeStatus.COMPLETED:
        missing |= set(kinds) & {ArtifactKind.SIGNED}
    if missing:
        raise _no_files(snapshot, missing).locate(
            provider=session.provider.name,
            connection=session.name,
            operation="download",
            subject=snapshot.title or remote_id,
        )
    brought: list[Brought] = []
    for label, (artifact, name) in zip(_labels(wanted), _named(wanted), strict=True):
        place = to / (f"{label}{_ending(artifact)}" if by_label else name)
        flow = partial(session.provider.download, snapshot, artifact)
        source = yield from call(session, flow, operation="download", subject=remote_id)
        try:
            brought.append(Brought(label, (yield from bring(session, source, place))))
        except EsignError as error:
            _ = error.locate(
                provider=session.provider.name,
                connection=session.name,
                operation="download",
                subject=remote_id,
            )
            raise
    return tuple(brought)


def _no_files(snapshot: Snapshot, missing: Collection[ArtifactKind]) -> EsignError:
    """The error for files that are not there; one that never will be is nothing to wait for."""
    told = ", ".join(sorted(missing))
    about = f'"{snapshot.title or snapshot.remote_id}" is {snapshot.status}'
    has_none = f"{about} and has no file of this kind: {told}. Nothing was downloaded; "
    if not snapshot.status.is_final:
        return NotReady(f"{has_none}wait for its completion.")
    if snapshot.status is EnvelopeStatus.COMPLETED:  # some come a little later, or not at all
        return NotReady(f"{has_none}see whether this vendor has it, or ask for other kinds.")
    return EnvelopeClosed(f"{has_none}there never will be one.")


def _ending(artifact: Artifact) -> str:
    """Of the endings that come from outside, the one that is known."""
    return ".pdf" if artifact.name.casefold().endswith(".pdf") else ""


def _labels(artifacts: list[Artifact]) -> Iterator[str]:
    """A name of ours for each."""
    kinds: Counter[ArtifactKind] = Counter()
    for artifact in artifacts:
        kinds[artifact.kind] += 1
        yield f"{artifact.kind}-{kinds[artifact.kind]}"


def _named(artifacts: list[Artifact]) -> Iterator[tuple[Artifact, str]]:
    """A safe file name for each, all different, and the same whatever else is asked for.

    A signed document keeps its name; other kinds have theirs in it, so that an original never
    takes the place of what was signed.
    """
    taken: set[str] = set()
    for artifact in artifacts:
        stem, dot, ending = safe_name(artifact.name).rpartition(".")
        stem, ending = (stem, f"{dot}{ending}") if stem else (ending, "")
        if artifact.kind is not ArtifactKind.SIGNED and stem != artifact.kind:
            stem = f"{stem}.{artifact.kind}"
        tries = (f"{stem}-{i}{ending}" for i in count(2))
        name = next(n for n in chain([f"{stem}{ending}"], tries) if n.casefold() not in taken)
        taken.add(name.casefold())
        yield artifact, name

"""A disk whose power can be cut: it remembers every write, and when what was synced.

What was synced before a cut is there after it. Of what was not, each sector of 512 bytes is kept,
lost or torn, as the dice say: a disk may write in any order. SQLite's own tests do the same.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import apsw

_SECTOR = 512


class Write(NamedTuple):
    """One operation on one file; `data` is None where the file is cut to `offset` bytes."""

    path: str
    offset: int
    data: bytes | None


class Sync(NamedTuple):
    """Everything written to the file so far is on the disk."""

    path: str


class Delete(NamedTuple):
    """The file is gone."""

    path: str


class Note(NamedTuple):
    """Something that was said to the world at this point."""

    what: Any


@dataclass
class Disk:
    """The log of all that happened."""

    log: list[Write | Sync | Delete | Note] = field(default_factory=list)
    fails_in: int | None = None
    """The how many-th write or sync from now on fails, and none after it; None for never."""
    fault: type[apsw.Error] = apsw.FullError
    """What it fails with."""

    def note(self, what: Any) -> None:
        """Remember that something was said, such as an acknowledgement."""
        self.log.append(Note(what))

    @property
    def has_failed(self) -> bool:
        """Whether the one that was to fail did."""
        return self.fails_in is None

    def work(self) -> None:
        """A write or sync is asked for.

        Raises:
            Error: This is the one that fails.
        """
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in == 0:
                self.fails_in = None
                raise self.fault

    def noted(self, cut: int) -> list[Any]:
        """What had been said before a cut."""
        return [each.what for each in self.log[:cut] if isinstance(each, Note)]

    def after_cut(self, cut: int, dice: random.Random) -> dict[str, bytes]:
        """The files as they may be after the power was cut before the operation at `cut`."""
        files: dict[str, bytearray] = {}
        unsynced: dict[str, list[Write]] = {}
        for each in self.log[:cut]:
            match each:
                case Write(path):
                    unsynced.setdefault(path, []).append(each)
                case Sync(path):
                    for write in unsynced.pop(path, []):
                        _apply(files.setdefault(path, bytearray()), write)
                    files.setdefault(path, bytearray())
                case Delete(path):
                    files.pop(path, None)
                    unsynced.pop(path, None)
                case Note():
                    pass
        for path, writes in unsynced.items():
            for write in writes:
                for part in _survivors(write, dice):
                    _apply(files.setdefault(path, bytearray()), part)
        return {path: bytes(held) for path, held in files.items()}


def _apply(held: bytearray, write: Write) -> None:
    if len(held) < write.offset:
        held.extend(bytes(write.offset - len(held)))
    if write.data is None:
        del held[write.offset :]
    else:
        held[write.offset : write.offset + len(write.data)] = write.data


def _survivors(write: Write, dice: random.Random) -> Iterator[Write]:
    if write.data is None:
        if dice.random() < 0.5:
            yield write
        return
    for start in range(0, len(write.data), _SECTOR):
        sector = write.data[start : start + _SECTOR]
        luck = dice.random()
        if luck < 0.45:
            yield Write(write.path, write.offset + start, sector)
        elif luck < 0.55:
            torn = sector[: dice.randrange(len(sector) + 1)]
            yield Write(write.path, write.offset + start, torn)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, filename: Any, flags: list[int]) -> None:
        self._disk = disk
        name = filename.filename() if isinstance(filename, apsw.URIFilename) else filename
        self._path = str(name)
        super().__init__("", filename, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as apsw calls it
        self._disk.work()
        self._disk.log.append(Write(self._path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - as apsw calls it
        self._disk.log.append(Write(self._path, newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - as apsw calls it
        self._disk.work()
        self._disk.log.append(Sync(self._path))
        super().xSync(flags)


class _FileSystem(apsw.VFS):
    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - as apsw calls it
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 - as apsw calls it
        self._disk.log.append(Delete(filename))
        super().xDelete(filename, syncdir)


@contextmanager
def plugged_in(name: str = "power") -> Generator[Disk]:
    """A disk that SQLite knows as the file system `name`."""
    disk = Disk()
    system = _FileSystem(disk, name)
    try:
        yield disk
    finally:
        system.unregister()


def put_back(files: dict[str, bytes], folder: Path) -> None:
    """What a disk holds, as files; the index of a write-ahead log is never on a disk."""
    for path, held in files.items():
        if not path.endswith("-shm"):
            (folder / Path(path).name).write_bytes(held)

"""Bringing everything that is sealed under the first key, beside whoever uses the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from esign_core.errors import SecretsLocked
from esign_core.journal.journal import Journal, Transaction
from esign_core.journal.sealed import Entry, Key, Seal, Searchable
from esign_core.model.fingerprint import slow

_PAGE = 100
_SLOW_PAGE = 10  # half a second of work


@dataclass
class Rotation:
    """What became of everything that is sealed, or should be."""

    current: int = 0
    """Were under the first key already."""
    older: int = 0
    """Were under another key, and are under the first one now."""
    clear: int = 0
    """Were in clear, and are under the first key now."""
    locked: int = 0
    """Are under a key that was not given, and were left alone."""
    forgotten: int = 0
    """Were under a key that was not given, and are removed."""
    fingerprints: int = 0
    """Of drafts with identity numbers, that an earlier version left easy to search."""

    @property
    def done(self) -> int:
        """How many were looked at."""
        return self.current + self.older + self.clear + self.locked + self.forgotten


def rotate(
    journal: Journal,
    *,
    forget_locked: bool = False,
    tell: Callable[[Rotation], None] = lambda _: None,
) -> Rotation:
    """Seal everything under the first key of the journal's vault.

    It can be stopped at any point and done again. Other processes may use the journal meanwhile;
    what they change while it is looked at is looked at once more.

    Args:
        journal: Its vault has every key that is in use.
        forget_locked: Remove tokens that no key opens; they are asked for anew. Handles of jobs
            are left alone all the same.
        tell: Called after each step.

    Raises:
        SecretsLocked: The journal has no key.
        JournalUnusable: It cannot be written. What was done until then stays.
    """
    if not journal.vault.has_key:
        raise SecretsLocked(
            "there is no key to seal anything with. Nothing was changed. Give `encryption_keys` "
            "(`esign keys new` makes one), the same for every process."
        )
    rotation = _Rotating(journal, forget_locked=forget_locked, tell=tell)
    rotation.go(rotation.entries, lambda tx, after: tx.sealed.secrets(after, _PAGE))
    rotation.go(rotation.entries, lambda tx, after: tx.sealed.jobs(after, _PAGE))
    rotation.go(rotation.fingerprints, lambda tx, after: tx.sealed.fingerprints(after, _SLOW_PAGE))
    return rotation.found


class _Row(Protocol):
    @property
    def key(self) -> Key: ...


R = TypeVar("R", bound=_Row)


class _Rotating:
    def __init__(
        self, journal: Journal, *, forget_locked: bool, tell: Callable[[Rotation], None]
    ) -> None:
        self.found = Rotation()
        self._journal = journal
        self._forget_locked = forget_locked
        self._tell = tell

    def go(
        self,
        step: Callable[[Sequence[R]], bool],
        page: Callable[[Transaction, Key | None], Sequence[R]],
    ) -> None:
        """Take a step for each page; again for one that was changed while it was looked at."""
        after: Key | None = None
        while rows := self._journal.read(partial(_page, page, after)):
            if step(rows):
                after = rows[-1].key
            self._tell(self.found)

    def entries(self, page: Sequence[Entry]) -> bool:
        """Seal anew what needs it; whether all of the page is done."""
        vault = self._journal.vault
        seals = [entry.seal(vault) for entry in page]
        anew = [
            (entry, entry.sealed_anew(vault))
            for entry, seal in zip(page, seals, strict=True)
            if seal in (Seal.OLDER, Seal.CLEAR)
        ]
        forgotten = [
            entry
            for entry, seal in zip(page, seals, strict=True)
            if seal is Seal.LOCKED and self._forget_locked and entry.is_token
        ]
        if anew or forgotten:
            work = self._journal.aside if page[0].is_token else self._journal.write
            if not work(partial(_replace, anew, forgotten)):
                return False
        count = Counter(seals)
        self.found.current += count[Seal.CURRENT]
        self.found.older += count[Seal.OLDER]
        self.found.clear += count[Seal.CLEAR]
        self.found.locked += count[Seal.LOCKED] - len(forgotten)
        self.found.forgotten += len(forgotten)
        return True

    def fingerprints(self, page: Sequence[Searchable]) -> bool:
        """Make each slow to search."""
        made = [(each, slow(each.fingerprint, each.envelope_id)) for each in page]
        self.found.fingerprints += self._journal.write(partial(_slow_down, made))
        return True


def _page(
    page: Callable[[Transaction, Key | None], Sequence[R]], after: Key | None, tx: Transaction
) -> Sequence[R]:
    return page(tx, after)


def _replace(
    anew: Sequence[tuple[Entry, bytes]], forgotten: Sequence[Entry], tx: Transaction
) -> bool:
    done = [tx.sealed.replace(entry, sealed) for entry, sealed in anew]
    done += [tx.sealed.forget(entry) for entry in forgotten]
    return all(done)


def _slow_down(made: Sequence[tuple[Any, str]], tx: Transaction) -> int:
    return sum(tx.sealed.slow_down(each, fingerprint) for each, fingerprint in made)

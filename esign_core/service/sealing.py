"""How secrets are kept: what is not as it should be, and everything under the newest key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from esign_core.journal import Journal, Transaction, Vault
from esign_core.journal.rotation import Rotation, rotate
from esign_core.journal.sealed import Entry, Seal
from esign_core.service.config import read_config
from esign_core.service.findings import Finding

_CHECK = "secrets"
_WHO = "journal"


def rotate_keys(
    path: str | Path,
    *,
    forget_locked: bool = False,
    tell: Callable[[Rotation], None] = lambda _: None,
) -> Rotation:
    """Seal everything in a configuration's journal under its first key.

    It can be stopped and done again, beside processes that have every key.

    Args:
        path: The configuration.
        forget_locked: Remove tokens that no key opens; they are asked for anew.
        tell: Called after each step with what was done so far.

    Raises:
        Misconfigured: The configuration cannot be used.
        SecretsLocked: It has no key.
        JournalUnusable: The journal cannot be written. What was done until then stays.
    """
    config = read_config(path)
    journal = Journal(config.journal, Vault(config.encryption_keys))
    try:
        return rotate(journal, forget_locked=forget_locked, tell=tell)
    finally:
        journal.close()


def sealing(journal: Journal, *, most: int) -> Iterator[Finding]:
    """What `doctor` finds of what is sealed, or should be.

    Args:
        journal: With the keys of this process.
        most: How many rows of each kind are looked at.
    """
    entries = journal.read(partial(_entries, most))
    found = Counter(each.seal(journal.vault) for each in entries)
    locked = next((each for each in entries if each.seal(journal.vault) is Seal.LOCKED), None)
    if locked is not None:
        yield Finding.error(
            _CHECK,
            _WHO,
            f"{found[Seal.LOCKED]} sealed, the first of them {locked.place}, and no key opens them",
            "put the key that they were sealed under into encryption_keys, behind the first one",
        )
    if found[Seal.CLEAR]:
        yield Finding.warning(
            _CHECK,
            _WHO,
            f"job handles in clear: {found[Seal.CLEAR]}; whoever reads the journal gets the "
            "envelope, signing links and all",
            "run `esign keys rotate`"
            if journal.vault.has_key
            else "set encryption_keys (`esign keys new` makes one), then run `esign keys rotate`",
        )
    if found[Seal.OLDER]:
        yield Finding.warning(
            _CHECK,
            _WHO,
            f"under an older key: {found[Seal.OLDER]}",
            "run `esign keys rotate` before you take that key out",
        )
    if not found.keys() - {Seal.CURRENT}:
        there = f"sealed under the first key: {found[Seal.CURRENT]}"
        yield Finding.ok(_CHECK, _WHO, there if journal.vault.has_key else "keeps none")


def _entries(most: int, tx: Transaction) -> list[Entry]:
    return [*tx.sealed.secrets(None, most), *tx.sealed.jobs(None, most)]

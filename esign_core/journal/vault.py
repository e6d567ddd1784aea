"""Sealing what the journal keeps of secrets, under keys that can be changed."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import SecretStr

from esign_core.errors import Misconfigured, MissingExtra, Problem, SecretsLocked
from esign_core.model.secrecy import NeverPickled

_KEY_BYTES = 32
_NO_KEY = "is no key; `esign keys new` makes one"
_TO_DO = "Give `encryption_keys` (`esign keys new` makes one), the same for every process."


def new_key() -> str:
    """A fresh key, as text that fits into an environment variable. Whoever has it reads secrets."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def key_problems(keys: Sequence[SecretStr]) -> Iterator[Problem]:
    """What is wrong with each key; never with the key itself."""
    seen: set[bytes | None] = set()
    for i, key in enumerate(keys):
        told = _bytes_of(key)
        if told is None:
            yield Problem(f"encryption_keys[{i}]", _NO_KEY)
        elif told in seen:
            yield Problem(f"encryption_keys[{i}]", "is there twice; take it out")
        seen.add(told)


class Vault(NeverPickled):
    """Seals secrets before they are written down, and opens them again.

    What is sealed is bound to its place: moved to another one, it does not open there.

    Args:
        keys: As `new_key` makes them. The first one seals, every one opens; without any, nothing
            can be sealed.

    Raises:
        Misconfigured: One of them is no key; its place is told, and nothing of it.
        MissingExtra: There are keys, and the package that encrypts is not installed.
    """

    def __init__(self, keys: Sequence[SecretStr] = ()) -> None:
        problems = list(key_problems(keys))
        if problems:
            told = "; ".join(map(str, problems))
            raise Misconfigured(f"{told}. Nothing was opened.", problems=problems)
        self._fernets = [_fernet(key) for key in keys]

    @property
    def has_key(self) -> bool:
        """Whether anything can be sealed."""
        return bool(self._fernets)

    def seal(self, place: str, secret: bytes) -> bytes:
        """A secret under the first key, for its place only.

        Raises:
            SecretsLocked: There is no key.
        """
        if not self._fernets:
            raise SecretsLocked(
                f"{place} was not written down: the journal keeps no secret without a key. {_TO_DO}"
            )
        sealed: bytes = self._fernets[0].encrypt(_bound(place) + secret)
        return sealed

    def open(self, place: str, sealed: bytes) -> bytes:
        """The secret that was sealed for a place.

        Raises:
            SecretsLocked: There is no key, or none of them opens it.
        """
        for fernet in self._fernets:
            opened = _opened(fernet, place, sealed)
            if opened is not None:
                return opened
        why = "none of the keys opens it" if self._fernets else "there is no key to open it with"
        raise SecretsLocked(
            f"{place} is sealed in the journal, and {why}. Nothing of it was lost; put the key "
            "that it was sealed under into `encryption_keys`, behind the first one."
        )

    def is_current(self, place: str, sealed: bytes) -> bool:
        """Whether it is sealed under the first key, and for this place."""
        return bool(self._fernets) and _opened(self._fernets[0], place, sealed) is not None

    def opens(self, place: str, sealed: bytes) -> bool:
        """Whether one of the keys opens it."""
        return any(_opened(each, place, sealed) is not None for each in self._fernets)

    def __repr__(self) -> str:
        return f"<Vault, keys: {len(self._fernets)}>"


def _fernet(key: SecretStr) -> Any:
    try:
        from cryptography.fernet import Fernet
    except ModuleNotFoundError:
        raise MissingExtra(
            "`encryption_keys` needs the package that encrypts, which is not installed. Nothing "
            'was opened; install esign-core with its extra "encryption".'
        ) from None
    return Fernet(key.get_secret_value())


def _opened(fernet: Any, place: str, sealed: bytes) -> bytes | None:
    from cryptography.fernet import InvalidToken

    try:
        told: bytes = fernet.decrypt(sealed)
    except InvalidToken:
        return None
    bound = _bound(place)
    return told.removeprefix(bound) if told.startswith(bound) else None


def _bound(place: str) -> bytes:
    told = place.encode()
    return len(told).to_bytes(4, "big") + told


def _bytes_of(key: SecretStr) -> bytes | None:
    try:
        told = base64.b64decode(key.get_secret_value().encode(), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return told if len(told) == _KEY_BYTES else None

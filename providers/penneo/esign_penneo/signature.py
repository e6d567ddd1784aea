"""The signature of Penneo's deliveries: `x-event-signature: t=...,h=...,v1=...`.

`v1` is the hex HMAC-SHA256, keyed with the secret's text, of `t`, `h`, the values of the headers
that `h` names, and the raw body, joined by dots.

Source: the vendor says "a timestamp and signature of the payload" (V). How it is built is from an
integrator's code (T), and the same as `v1` of the open-source server Hook0, whose header and id
conventions match too (I). Hook0's older `v0`, without headers, is refused: a `v1` signature is
also a good `v0` signature of another body, one that begins with the headers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from esign_core.errors import WebhookRejected
from esign_core.model import WebhookRequest

HEADER = "x-event-signature"
_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"[a-z0-9]+")  # `v2` may come one day; what is no part at all is malformed
_NAMES = re.compile(r"(?:[A-Za-z0-9_-]+(?: [A-Za-z0-9_-]+)*)?")  # no dots: they join the parts
_USUAL = re.compile(f"t=({_TIME.pattern}),h=({_NAMES.pattern}),v1=({_DIGEST.pattern})")


class Signature(NamedTuple):
    """What the header says, before it is checked."""

    time: str
    """UNIX seconds, as text: it is signed as it is written."""
    names: str
    """The headers that are signed too, separated by spaces."""
    headers: tuple[str, ...]
    """The same, in lower case."""
    digest: str
    """Hex; it is not shown."""

    def __repr__(self) -> str:
        return f"Signature(time={self.time!r}, names={self.names!r})"

    @classmethod
    def of(cls, request: WebhookRequest) -> Signature | None:
        """The signature of a delivery; None if it has none.

        Raises:
            WebhookRejected: It has one that cannot be read (`malformed_signature`).
        """
        text = request.header(HEADER)
        return None if text is None else cls._read(text)

    @classmethod
    @lru_cache(maxsize=64)  # it is read twice: to verify, and to know which headers are signed
    def _read(cls, text: str) -> Signature:
        usual = _USUAL.fullmatch(text)
        if usual is not None:
            return cls(usual[1], usual[2], tuple(usual[2].lower().split()), usual[3])
        parts = [part.partition("=") for part in text.split(",")]
        found = {name: value for name, _, value in parts}
        time, names, digest = found.get("t", ""), found.get("h", ""), found.get("v1", "")
        is_whole = _TIME.fullmatch(time) and _NAMES.fullmatch(names) and _DIGEST.fullmatch(digest)
        are_parts = len(found) == len(parts) and all(map(_PART.fullmatch, found))
        if not is_whole or not are_parts:
            raise WebhookRejected(
                "malformed_signature", f"{HEADER} is not of the form t=...,h=...,v1=..."
            )
        return cls(time, names, tuple(names.lower().split()), digest)

    def covers(self, name: str) -> bool:
        """Whether a header, by its name in lower case, is signed too."""
        return name in self.headers

    def expect_good(self, request: WebhookRequest, secrets: Sequence[bytes]) -> None:
        """Do nothing if one of the secrets made it.

        Raises:
            WebhookRejected: A header that it names is missing (`missing_header`), or no secret
                made it (`wrong_signature`).
        """
        signed = f"{self.time}.{self.names}.".encode() + self._values(request) + b"." + request.body
        given = self.digest.encode()
        fits = False
        for secret in secrets:  # all of them, so that time tells nothing
            digest = _keyed(secret).copy()
            digest.update(signed)
            fits |= hmac.compare_digest(digest.hexdigest().encode(), given)
        if not fits:
            raise WebhookRejected("wrong_signature", f"no secret of ours made the {HEADER}")

    def _values(self, request: WebhookRequest) -> bytes:
        values: list[bytes] = []
        for name in self.headers:
            value = request.header(name)
            if value is None:
                raise WebhookRejected("missing_header", f"{HEADER} names {name}, which is missing")
            values.append(_as_sent(value))
        return b".".join(values)


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> hmac.HMAC:
    """A digest that has the secret in it: that takes as long as the body of a delivery."""
    return hmac.new(secret, digestmod=hashlib.sha256)


def _as_sent(value: str) -> bytes:
    """The bytes of a header's value; frameworks decode them as Latin-1, a few as UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")

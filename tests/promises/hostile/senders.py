"""Who sends deliveries: each vendor's way to sign, written down a second time for these tests."""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from esign_core import WebhookRequest

SECRET = "whsec_0123456789abcdefghij"
OTHER_SECRET = "whsec_of_another_account_42"


@dataclass(frozen=True)
class Sent:
    """A delivery on its way: headers as a server reads them off the wire, and a body."""

    headers: Mapping[str, bytes | list[bytes]]
    """A list stands for a header that comes several times."""
    body: bytes

    @property
    def pairs(self) -> list[tuple[bytes, bytes]]:
        """As an ASGI server hands them on."""
        return [
            (name.encode("latin-1"), value)
            for name, given in self.headers.items()
            for value in (given if isinstance(given, list) else [given])
        ]

    @property
    def request(self) -> WebhookRequest:
        """As a product hands it on."""
        return WebhookRequest.of(self.pairs, self.body)

    def saying(self, body: bytes) -> Sent:
        """The same with another body."""
        return replace(self, body=body)

    def having(self, name: str, value: bytes | list[bytes] | None) -> Sent:
        """The same with another header; None leaves it out."""
        others = {header: each for header, each in self.headers.items() if header != name}
        return replace(self, headers=others if value is None else {**others, name: value})


@dataclass(frozen=True)
class Sender(ABC):
    """A vendor who sends deliveries, and who signs whatever it is told to."""

    remote_id: str = "531"
    event_id: str = "0194-ab"
    at: datetime | None = None
    """When it is sent; None: when it is asked to sign."""

    provider: ClassVar[str]
    signature: ClassVar[str]
    """The header."""
    covered: ClassVar[tuple[str, ...]] = ()
    """Headers that the signature covers."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Of a connection that nobody answers: port 9 discards."""

    @abstractmethod
    def body(self) -> bytes:
        """A real body: an envelope is completed."""

    @abstractmethod
    def digest(self, body: bytes, secret: str = SECRET, name: str = "sha256") -> bytes:
        """What is signed, hashed with a key."""

    @abstractmethod
    def written(self, digest: str) -> str:
        """The header's value for a digest in hex."""

    def now(self) -> Self:
        """The same, at this moment."""
        return self if self.at is not None else replace(self, at=datetime.now(UTC))

    def sign(self, body: bytes, secret: str = SECRET) -> Sent:
        """An authentic delivery of any body."""
        now = self.now()
        value = now.written(now.digest(body, secret).hex())
        return Sent({**now.unsigned(), now.signature: value.encode()}, body)

    def unsigned(self) -> dict[str, bytes]:
        """The headers beside the signature."""
        return {"content-type": b"application/json"}

    def good(self) -> Sent:
        """An authentic delivery."""
        return self.sign(self.body())


class PenneoSender(Sender):
    """Signs time, names and values of two headers, and the body."""

    provider = "penneo"
    signature = "x-event-signature"
    covered = ("x-event-id", "x-event-type")

    def settings(self) -> dict[str, Any]:
        nowhere = "http://127.0.0.1:9"
        keys = dict.fromkeys(("client_secret", "api_key", "api_secret"), "key-of-nobody")
        return {"base_url": nowhere, "oauth_url": nowhere, "client_id": "client", **keys}

    def body(self) -> bytes:
        time = {"date": "2026-02-19 13:01:55.517791", "timezone_type": 3, "timezone": "UTC"}
        said = {"id": int(self.remote_id), "status": 2}
        told = {"topic": "casefile", "eventType": "completed", "eventTime": time, "payload": said}
        return json.dumps(told, separators=(",", ":")).encode()

    def unsigned(self) -> dict[str, bytes]:
        more = {"x-event-id": self.event_id.encode(), "x-event-type": b"sign.casefile.completed"}
        return {**super().unsigned(), **more}

    def digest(self, body: bytes, secret: str = SECRET, name: str = "sha256") -> bytes:
        values = b".".join(self.unsigned()[header] for header in self.covered)
        signed = f"{self._time}.{' '.join(self.covered)}.".encode() + values + b"." + body
        return hmac.new(secret.encode(), signed, name).digest()

    def written(self, digest: str) -> str:
        return f"t={self._time},h={' '.join(self.covered)},v1={digest}"

    @property
    def _time(self) -> str:
        assert self.at is not None, "say when: sender.now()"
        return str(int(self.at.timestamp()))


class PenvioSender(Sender):
    """Signs the body, and nothing else."""

    provider = "penvio"
    signature = "x-penvio-signature"

    def settings(self) -> dict[str, Any]:
        return {"base_url": "http://127.0.0.1:9/api/v1", "api_key": "key-of-nobody"}

    def body(self) -> bytes:
        data = {"envelopeId": self.remote_id, "status": "COMPLETED"}
        said = {"event": "envelope.completed", "timestamp": "2026-02-19T13:01:55Z", "data": data}
        return json.dumps(said, separators=(",", ":")).encode()

    def digest(self, body: bytes, secret: str = SECRET, name: str = "sha256") -> bytes:
        return hmac.new(secret.encode(), body, name).digest()

    def written(self, digest: str) -> str:
        return digest


SENDERS: dict[str, Sender] = {each.provider: each for each in (PenneoSender(), PenvioSender())}


def plain_sha256(body: bytes) -> str:
    """A hash that anybody can make: no secret is in it."""
    return hashlib.sha256(body).hexdigest()

"""The simulated customer: credentials, how the vendor behaves, and where ids come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

CUSTOMER_ID = 4711
USER_ID = 815
FOLDERS = {1: "Inbox", 2: "Leases"}


@dataclass(frozen=True)
class Credentials:
    """What an administrator of the account copies out of Penneo's settings."""

    client_id: str
    client_secret: str
    api_key: str
    api_secret: str
    redirect_uris: frozenset[str] = frozenset({"http://127.0.0.1/oauth/callback"})
    """Registered for the authorization code grant; compared exactly (vendor, V)."""


@dataclass(frozen=True)
class Behaviour:
    """How the vendor behaves where its documents leave it open, or where a test wants it harder."""

    environment: str = "sandbox"
    """`sandbox` or `production`: only the path of the JSON create call knows the difference (V)."""
    job_takes: timedelta = timedelta(seconds=2)
    """From accepting a case file to having created it; the seed's example took four seconds."""
    documents_take: timedelta = timedelta(seconds=1)
    """From the last signature (status 4) to signed documents (status 5)."""
    job_is_kept: timedelta = timedelta(days=7)
    """Then its status is 404; that jobs expire is documented, when is not (I)."""
    created_at_within: timedelta = timedelta(minutes=5)
    """How far `created_at` of the `api_keys` grant may lie from our clock (I)."""
    expires_after: timedelta = timedelta(days=30)
    """For a case file without `expireAt`: "defaults apply" (connector, V), which are not said."""
    anonymizes_after: timedelta | None = None
    """When completed case files become status 8; off by default (I)."""
    abort_duplicates: bool = False
    """Whether the same payload twice is `aborted_duplicated` (I). Off: the more dangerous reading,
    where a repeated request asks people twice."""
    signing_request_numbers: str = "sdk"
    """`sdk` or `postman`: two contradicting lists of signing-request statuses (X)."""
    shows_send_at: bool = True
    """Whether a case file tells when it is to be sent: the answer's field is inferred (I)."""
    documents_fail: bool = False
    """Whether generating the signed documents fails: case-file status 6."""
    active_subscriptions: int = 5
    """Of the current webhook service; 5 per customer or 100 per user (X): the smaller."""


class Ids:
    """Ids and secrets that look random and are the same in every run with the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._number = 1_000_000 + Random(seed).randrange(8_000_000)

    def number(self) -> int:
        """The next integer id, one series for everything that Penneo numbers."""
        self._number += self._random.randint(1, 9)
        return self._number

    def uuid(self) -> str:
        """A version 4 UUID as text."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def secret(self, size: int = 20) -> str:
        """A token of `size` bytes in hexadecimal."""
        return self._random.randbytes(size).hex()


def sandbox_credentials(ids: Ids) -> Credentials:
    """Credentials of a fresh account."""
    return Credentials(
        client_id=ids.secret(16),
        client_secret=ids.secret(24),
        api_key=ids.secret(32),
        api_secret=ids.secret(32),
    )

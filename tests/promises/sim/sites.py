"""The vendors of a world: their real simulators, in memory, on the world's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol, cast

from esign_core import Document, EnvelopeDraft, Signer, TemplateRef
from esign_core.sandbox import Vendor
from esign_penneo.sandbox.account import Behaviour
from esign_penneo.sandbox.vendor import PenneoVendor
from esign_penvio.sandbox import ApiKey, PenvioVendor

PDF = b"%PDF-1.7\na lease\n%%EOF"
HOOKS = "https://product.invalid/webhooks"
_FILES_TAKE = (0, 0, 0, 1, 5, 20, 60, 600)
"""Seconds, to the signed files. Seldom long: all that time somebody asks whether they are there."""
_KEY = "pk_test_of_a_world_that_does_not_exist"
_SECRET = "whsec_of_a_world_that_does_not_exist"


class Site(Protocol):
    """One vendor, and what only somebody who knows it can tell."""

    vendor: Vendor
    settings: Mapping[str, Any]
    """Of a connection to it."""
    creates: frozenset[str]
    """The requests that create something, as `METHOD /path`."""

    def draft(self, title: str, people: list[str], days: int) -> EnvelopeDraft:
        """What it can send."""
        ...

    def marked(self, mark: str) -> list[str]:
        """The envelopes that carry a mark, by the vendor's ids."""
        ...

    def made_at(self, remote_id: str) -> datetime:
        """When an envelope was made there."""
        ...

    def call_off(self, remote_id: str, now: datetime) -> None:
        """Somebody calls an envelope off in the vendor's own app."""
        ...

    def is_to_come(self, mark: str) -> bool:
        """Whether it has accepted something with a mark, and not made it yet."""
        ...


class Penneo:
    """One Penneo account: a job makes the envelope, and asks at once."""

    creates = frozenset(
        {
            "POST /send/api/v1/casefiles/20251022/create",
            "POST /send/api/v1/casefiles/json/20251022/create-sandbox-base64",
        }
    )

    def __init__(self, random: Random) -> None:
        behaviour = Behaviour(
            job_takes=timedelta(seconds=random.choice([1, 2, 4, 30, 200])),
            documents_take=timedelta(seconds=random.choice(_FILES_TAKE)),
            shows_send_at=random.random() < 0.5,
            signing_request_numbers=random.choice(["sdk", "postman"]),
        )
        self._penneo = PenneoVendor(seed=random.randrange(2**32), behaviour=behaviour)
        self.vendor: Vendor = self._penneo
        self.vendor.base_url = "https://penneo.invalid"
        credentials = self._penneo.credentials
        self.settings: Mapping[str, Any] = {
            "provider": "penneo",
            "base_url": self.vendor.base_url,
            "oauth_url": self.vendor.base_url,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "api_key": credentials.api_key,
            "api_secret": credentials.api_secret,
            "webhook_secrets": [self._penneo.subscribe(f"{HOOKS}/penneo")],
            "upload": random.choice(["multipart", "json"]),
        }

    def draft(self, title: str, people: list[str], days: int) -> EnvelopeDraft:
        return EnvelopeDraft(
            title=title,
            documents=[Document.from_bytes(PDF, name="lease.pdf")],
            signers=_signers(people),
            expires_in_days=days,
        )

    def marked(self, mark: str) -> list[str]:
        case_files = self._penneo._case_files.by_id.values()
        return [str(each.id) for each in case_files if mark in each.mark]

    def made_at(self, remote_id: str) -> datetime:
        return self._penneo._case_files.by_id[int(remote_id)].created_at

    def call_off(self, remote_id: str, now: datetime) -> None:
        case_files = self._penneo._case_files
        case_files.delete(case_files.by_id[int(remote_id)], now)

    def is_to_come(self, mark: str) -> bool:
        jobs = self._penneo._jobs._jobs.values()
        waiting = (job.wish.case_file for job in jobs if job.result is None and job.error is None)
        return any(mark in str(each) for each in waiting)


class Penvio:
    """One Penvio account: an envelope is a draft first, and sent in a second step."""

    creates = frozenset({"POST /api/v1/esign/envelopes"})

    def __init__(self, random: Random) -> None:
        bucket: dict[str, bytes] = {}
        self._penvio = PenvioVendor(
            bucket.__setitem__,
            keys=[ApiKey(_KEY)],
            seed=str(random.randrange(2**32)),
            webhook_shape=random.choice(["seed", "page"]),
            webhook_secret=_SECRET,
            files_after=timedelta(seconds=random.choice(_FILES_TAKE)),
        )
        self._penvio._archive._stationery = cast("Any", _Paper())  # real PDFs take 30 ms each
        self.vendor: Vendor = self._penvio
        self.vendor.base_url = "https://penvio.invalid"
        self.settings: Mapping[str, Any] = {
            "provider": "penvio",
            "base_url": f"{self.vendor.base_url}{PenvioVendor.api_path}",
            "api_key": _KEY,
            "webhook_url": f"{HOOKS}/penvio",
            "webhook_secrets": [_SECRET],
            "templates": {
                "lease": {"id": "tmpl_lease1", "roles": {"first": "Tenant", "second": "Landlord"}}
            },
        }

    def draft(self, title: str, people: list[str], days: int) -> EnvelopeDraft:
        return EnvelopeDraft(
            title=title,
            template=TemplateRef("lease"),
            signers=_signers(people),
            expires_in_days=days,
        )

    def marked(self, mark: str) -> list[str]:
        envelopes = self._penvio._register._envelopes.values()
        return [each.id for each in envelopes if mark in each.mark]

    def made_at(self, remote_id: str) -> datetime:
        return self._penvio._register.envelope(remote_id).created_at

    def call_off(self, remote_id: str, now: datetime) -> None:
        self._penvio._lifecycle.cancel(self._penvio._register.envelope(remote_id), now)

    def is_to_come(self, mark: str) -> bool:
        return False


VENDORS: Mapping[str, Callable[[Random], Site]] = {"penneo": Penneo, "penvio": Penvio}


class _Paper:
    """Stationery of a vendor whose PDFs nobody reads."""

    def document(self, title: str, pages: object) -> bytes:
        return PDF

    def sign(self, document: bytes, lines: object, *, reason: str = "") -> bytes:
        return document


def _signers(people: list[str]) -> list[Signer]:
    return [
        Signer(name=name, email=f"{name.split()[0].lower()}@example.com", role=role, order=place)
        for place, (name, role) in enumerate(zip(people, ("first", "second"), strict=False), 1)
    ]

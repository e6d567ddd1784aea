"""The table of providers, one row for each, and the stage that every test plays on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from esign_core import (
    ArtifactKind,
    Authenticity,
    Capabilities,
    Document,
    EnvelopeDraft,
    Feature,
    Signer,
    TemplateRef,
)
from esign_core.sandbox import Simulator, Stationery
from esign_core.testing.account import Account
from esign_core.testing.receiver import Receiver
from esign_core.testing.stage import Changes, Particulars, Refusable, Stage
from esign_core.testing.told import Told, telling, webhooks_of
from esign_penneo import PenneoOptions
from esign_penneo.sandbox.account import Behaviour

# penneo


def _penneo_held(sandbox: Simulator, remote_id: str, kind: ArtifactKind) -> bytes:
    vendor: Any = sandbox.simulation.vendor
    document = vendor._case_files.by_id[int(remote_id)].documents[0]
    held: bytes = document.signed if kind is ArtifactKind.SIGNED else document.original
    return held


def _subscribe_to_legacy(account: Account, receiver: Receiver) -> None:
    """Both topics of the legacy service, each confirmed with the token that it sends."""
    webhooks = webhooks_of(account)
    subscriptions = "/api/v1/webhook/subscriptions"
    for topic in ("casefile", "signer"):
        asked = {"topic": topic, "endpoint": receiver.url}
        made = account.connection.request("POST", subscriptions, json=asked).json()
        account.control.settle()
        token = webhooks.confirmation_token(receiver.received.pop())
        assert token is not None
        account.ask(webhooks.confirm(str(made["id"]), token))


def _cut_short(draft: EnvelopeDraft) -> EnvelopeDraft:
    """A PDF by its first bytes, which is all that is looked at before it is sent."""
    document = Document.from_bytes(b"%PDF-1.7\ncut", name="lease.pdf")
    return draft.model_copy(update={"template": None, "documents": (document,)})


def _into_a_missing_folder(draft: EnvelopeDraft) -> EnvelopeDraft:
    """Accepted at first; the job that makes the case file fails."""
    return draft.model_copy(update={"options": (PenneoOptions(folder_id=99),)})


PENNEO = Particulars(
    provider="penneo",
    credentials=("client_id", "client_secret", "api_key", "api_secret"),
    harmless_path="/api/v1/folders",
    page_size="esign_penneo.casefiles:_PER_PAGE",
    forms=({}, {"upload": "json"}),
    token_seconds=600,
    tells_decline_reason=False,
    refusable=(
        Refusable(draft=_cut_short, field="documents[0]"),
        Refusable(draft=_into_a_missing_folder, field=None),
    ),
    held=_penneo_held,
    root_certificate=lambda sandbox: sandbox.root_certificate,  # type: ignore[attr-defined]
    authenticity=Authenticity.SIGNED_FRESH,
    dialects={
        numbers: {"behaviour": Behaviour(signing_request_numbers=numbers)}
        for numbers in ("sdk", "postman")
    },
    unsigned_settings={"accept_unsigned": True},
    ask_for_unsigned=_subscribe_to_legacy,
)

# penvio


def _penvio_held(sandbox: Simulator, remote_id: str, kind: ArtifactKind) -> bytes:
    name = {ArtifactKind.ORIGINAL: "document"}.get(kind, kind.value)
    url: str = sandbox.bucket_url  # type: ignore[attr-defined]
    key = f"esign/envelopes/org_abc/{remote_id}/{name}.pdf"
    return (Path(unquote(urlsplit(url).path)) / key).read_bytes()


def _penvio_root(sandbox: Simulator) -> bytes:
    vendor: Any = sandbox.simulation.vendor
    root: bytes = vendor.stationery.root_certificate
    return root


PENVIO = Particulars(
    provider="penvio",
    credentials=("api_key",),
    harmless_path="/esign/templates",
    page_size="esign_penvio.paging:PAGE_SIZE",
    refusable=(
        Refusable(
            settings={
                "templates": {
                    "lease": {
                        "id": "tmpl_lease1",
                        "roles": {"tenant": "Tenant", "landlord": "Owner"},  # there is no Owner
                    }
                }
            },
            field="signers[1].role",
        ),
    ),
    held=_penvio_held,
    root_certificate=_penvio_root,
    authenticity=Authenticity.SIGNED,
    dialects={"seed": {"webhook_shape": "seed"}, "page": {"webhook_shape": "page"}},
    unsigned_settings={"accept_unsigned": True, "webhook_secrets": []},
)

TABLE = (PENNEO, PENVIO)

# the stage

MakeLease = Callable[..., EnvelopeDraft]


@pytest.fixture(scope="module", params=TABLE, ids=str)
def particulars(request: pytest.FixtureRequest) -> Particulars:
    """A row of the table."""
    row: Particulars = request.param
    return row


VOICES = {
    f"{row}-{name}": (row, dialect) for row in TABLE for name, dialect in row.dialects.items()
}


@pytest.fixture(scope="module", params=VOICES.values(), ids=list(VOICES))
def voice(request: pytest.FixtureRequest) -> tuple[Particulars, Changes]:
    """A row of the table, and one reading of that vendor's documents."""
    found: tuple[Particulars, Changes] = request.param
    return found


@pytest.fixture(scope="module")
def capabilities(particulars: Particulars) -> Capabilities:
    """What the provider declares."""
    return particulars.kind.capabilities


@pytest.fixture(scope="module")
def stage(particulars: Particulars) -> Iterator[Stage]:
    """Simulators that the tests of a module share."""
    with Stage(particulars) as stage:
        yield stage


@pytest.fixture
def own_stage(particulars: Particulars) -> Iterator[Stage]:
    """Simulators for one test: it may leap months ahead, or count all envelopes."""
    with Stage(particulars) as stage:
        yield stage


@pytest.fixture(scope="session")
def pdf() -> bytes:
    """A real document of two pages."""
    return Stationery().document("Lease", [["The rent is paid."], ["Signatures"]])


@pytest.fixture
def lease(capabilities: Capabilities) -> MakeLease:
    """A draft of the template `lease` for Jane, or for Jane and Bo, with what one wishes."""

    def make(*, alone: bool = False, ordered: bool = False, **fields: Any) -> EnvelopeDraft:
        people = [
            ("Jane Doe", "jane@example.com", "tenant"),
            ("Bo Ek", "bo@example.com", "landlord"),
        ]
        signers = [
            Signer(name=name, email=email, role=role, order=place if ordered else None)
            for place, (name, email, role) in enumerate(people[: 1 if alone else 2], start=1)
        ]
        given: dict[str, Any] = {
            "title": "Lease 14",
            "template": TemplateRef("lease"),
            "signers": signers,
        }
        return EnvelopeDraft(**{**given, **fields})

    return make


@pytest.fixture
def needs(capabilities: Capabilities) -> Callable[..., None]:
    """Skips a test whose features the provider does not declare."""

    def expect(*features: Feature) -> None:
        missing = [feature for feature in features if not capabilities.supports(feature)]
        if missing:
            pytest.skip(f"it declares no {', '.join(missing)}")

    return expect


@pytest.fixture(scope="module")
def ordered_lease() -> EnvelopeDraft:
    """Two signers with names from everywhere, one after the other."""
    signers = [
        {"name": "Łukasz Żółć", "email": "lukasz@example.com", "role": "tenant", "order": 1},
        {"name": "Søren Ærø", "email": "soren@example.com", "role": "landlord", "order": 2},
    ]
    return EnvelopeDraft.model_validate({"title": "Æ", "template": "lease", "signers": signers})


@pytest.fixture(scope="module")
def told(voice: tuple[Particulars, Changes], ordered_lease: EnvelopeDraft) -> Iterator[Told]:
    """What an account is told, in one dialect of its vendor."""
    with telling(*voice, ordered_lease) as told:
        assert told.deliveries
        yield told

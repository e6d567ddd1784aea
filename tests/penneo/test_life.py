from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from esign_core.engine import SyncDriver, call
from esign_core.errors import EnvelopeClosed
from esign_core.model import (
    ArtifactKind,
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    EnvelopeStatus,
    Identity,
    IdentityMethod,
    Signer,
    SignerStatus,
)
from esign_core.provider import Registry
from esign_core.sandbox import Control
from esign_core.service.connection import Connection
from esign_core.service.opening import open_session
from esign_penneo import PenneoOptions
from esign_penneo.sandbox import PenneoSandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[PenneoSandbox]:
    """The simulator, quick: the other reading of Penneo's documents."""
    with PenneoSandbox(scale=0.02) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def control(sandbox: PenneoSandbox) -> Iterator[Control]:
    """Its signing pages and its clock."""
    with Control(sandbox.control_url) as control:
        yield control


@pytest.fixture
def connection(sandbox: PenneoSandbox, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """An account; documents travel as files unless a test wants them as JSON."""
    upload = getattr(request, "param", "multipart")
    settings: dict[str, Any] = {**sandbox.connect(), "upload": upload}
    with Connection("penneo", **settings) as connection:
        yield connection


@pytest.mark.parametrize("connection", ["multipart", "json"], indirect=True)
def test_a_lease_is_sent_signed_and_downloaded(
    connection: Connection, control: Control, sandbox: PenneoSandbox, tmp_path: Path
) -> None:
    """Everything that a draft can wish for is understood, and two ordered signers complete it."""
    pdf = (sandbox.folder / "lease.pdf").read_bytes()
    draft = EnvelopeDraft(
        title="Lease 14 æøå",
        documents=(
            Document.from_bytes(pdf, name="lease.pdf", roles=("tenant", "owner")),
            Document.from_bytes(pdf, name="regler ø.pdf", title="House rules", signable=False),
        ),
        message="Please sign",
        language="da",
        expires_in_days=5,
        metadata={"lease": "14"},
        copies=(CopyRecipient(name="Acme", email="acme@example.com"),),
        signers=(
            Signer(name="Jane Doe", role="tenant", order=1, delivery=Channel.LINK),
            Signer(
                name="John Roe",
                role="owner",
                order=2,
                email="john@example.com",
                phone="+4512345678",
                identity=Identity(method=IdentityMethod.SMS),
            ),
        ),
        remind_every_days=3,
        options=(PenneoOptions(reference="L14", visibility_mode=0),),
    ).marked("esign:env_1")

    sent = connection.send(draft)
    assert sent.status is EnvelopeStatus.SENT
    assert [link.name for link in sent.links] == ["Jane Doe", "John Roe"]
    assert {link.url for link in sent.links} == {
        link.url for link in connection.signing_links(sent.remote_id)
    }
    found = connection.fetch(sent.remote_id)
    assert (found.mark, found.metadata, found.title) == (
        "esign:env_1",
        {"lease": "14"},
        "Lease 14 æøå",
    )
    assert [signer.order for signer in found.signers] == [1, 2]

    control.sign_page(sent.links[0].url)
    jane, john = connection.fetch(sent.remote_id).signers
    assert jane.status is SignerStatus.SIGNED
    assert jane.signed_at is not None
    assert john.status is SignerStatus.NOTIFIED
    connection.remind(sent.remote_id)
    control.sign_page(sent.links[1].url)
    control.advance(60)

    done = connection.fetch(sent.remote_id)
    assert done.status is EnvelopeStatus.COMPLETED
    assert done.ended_at is not None
    (signed,) = connection.download(sent.remote_id, to=tmp_path)
    assert signed.path.read_bytes().startswith(b"%PDF-")
    (first, _) = connection.download(
        sent.remote_id, to=tmp_path / "sent", kinds=[ArtifactKind.ORIGINAL]
    )
    assert first.path.read_bytes() == pdf
    with pytest.raises(EnvelopeClosed):
        connection.cancel(sent.remote_id)


def test_a_declined_lease_tells_who_declined(
    connection: Connection, control: Control, sandbox: PenneoSandbox
) -> None:
    """The end and the signer's own no, both read from the vendor."""
    sent = connection.send(_plain(sandbox, "Declined"))
    control.decline_page(sent.links[0].url, "too dear")
    found = connection.fetch(sent.remote_id)
    assert found.status is EnvelopeStatus.DECLINED
    assert found.signers[0].status is SignerStatus.DECLINED
    assert found.ended_at == found.signers[0].declined_at
    assert found.ended_at is not None


def test_a_cancelled_lease_can_no_longer_be_signed(
    connection: Connection, control: Control, sandbox: PenneoSandbox
) -> None:
    """Deletion is the only way to stop one, and it does."""
    sent = connection.send(_plain(sandbox, "Cancelled"))
    assert connection.cancel(sent.remote_id).status is EnvelopeStatus.CANCELLED
    with pytest.raises(ValueError, match="signing page"):
        control.sign_page(sent.links[0].url)
    with pytest.raises(EnvelopeClosed):
        connection.cancel(sent.remote_id)


def test_an_expired_lease_is_fetched_and_listed_as_such(
    connection: Connection, control: Control, sandbox: PenneoSandbox
) -> None:
    """Whoever has not signed was late."""
    sent = connection.send(_plain(sandbox, "Expired", expires_in_days=1))
    control.advance(2 * 86400)
    found = connection.fetch(sent.remote_id)
    assert found.status is EnvelopeStatus.EXPIRED
    assert found.signers[0].status is SignerStatus.EXPIRED
    rows, _ = connection.list(status=EnvelopeStatus.EXPIRED)
    assert sent.remote_id in {row.remote_id for row in rows}


def test_a_lease_is_found_again_by_its_mark(connection: Connection, sandbox: PenneoSandbox) -> None:
    """The list shows what was written into the case file; another mark finds nothing."""
    sent = connection.send(_plain(sandbox, "Lost").marked("esign:env_lost"))
    session = open_session(Registry.installed(), "penneo", sandbox.connect())
    provider, driver, since = session.provider, SyncDriver(), datetime.now(UTC)
    found = driver.run(call(session, provider.find("esign:env_lost", since), operation="find"))
    assert found is not None
    assert (found.remote_id, found.mark) == (sent.remote_id, "esign:env_lost")
    other = driver.run(call(session, provider.find("esign:env_los", since), operation="find"))
    assert other is None
    session.line.close()


def _plain(sandbox: PenneoSandbox, title: str, **fields: Any) -> EnvelopeDraft:
    return EnvelopeDraft(
        title=title,
        documents=(Document.from_path(sandbox.folder / "lease.pdf"),),
        signers=(Signer(name="Jane Doe", delivery=Channel.LINK),),
        **fields,
    )

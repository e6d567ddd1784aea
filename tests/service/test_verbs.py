from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    Misconfigured,
    NotFound,
    NotReady,
    NotSupported,
    UnknownConnection,
    UnknownEnvelope,
)
from esign_core.model import Artifact, ArtifactKind, EnvelopeStatus
from esign_core.provider import Registry, utc_now
from esign_core.service import AsyncEsign, Esign, verbs
from esign_core.service.downloads import _named
from esign_core.testing import FakeVendor
from esign_core.testing.fake import FILE

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.fixture
def esign(tmp_path: Path, vendor: FakeVendor, registry: Registry) -> Iterator[Esign]:
    """A product's whole set-up, over the vendor in memory."""
    connections = {"acme": {"provider": "fake"}}
    journal = f"sqlite:///{tmp_path / 'esign.db'}"
    with Esign(connections, journal=journal, registry=registry) as opened:
        _connect(opened, vendor)
        yield opened


def _connect(esign: Esign | AsyncEsign, vendor: FakeVendor) -> None:
    sessions = esign._workspace._sessions
    sessions["acme"] = replace(sessions["acme"], line=vendor)


def _failed(call: Callable[[], object], kind: type[EsignError]) -> EsignError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


# the whole way


def test_product_sends_follows_and_downloads(
    esign: Esign, vendor: FakeVendor, world: World, tmp_path: Path
) -> None:
    """The words of the README, from the draft to the file."""
    envelope = esign.send(world.draft(), via="acme", key="lease-14")
    assert esign.get(envelope.id) == envelope
    assert esign.list(status=EnvelopeStatus.SENT) == (envelope,)
    vendor.complete("1")
    receipt = esign.receive("acme", vendor.delivery(vendor.event("1")))
    assert receipt.envelope_ids == (envelope.id,)
    ends = [e.type for e in esign.events.follow("billing", forever=False)][-1:]
    assert ends == ["envelope.completed"]
    (saved,) = esign.download(envelope.id, to=tmp_path / "archive")
    assert saved.path == tmp_path / "archive" / envelope.id / "signed.pdf"
    assert saved.path.read_bytes() == FILE
    assert repr(esign) == "<Esign acme>"
    assert esign.connections == ("acme",)
    assert esign.rejected == {}


async def test_product_that_awaits_does_the_same(
    tmp_path: Path, vendor: FakeVendor, registry: Registry, world: World
) -> None:
    """The same words with `await`."""
    journal = f"sqlite:///{tmp_path / 'esign.db'}"
    connections = {"acme": {"provider": "fake"}}
    async with AsyncEsign(connections, journal=journal, registry=registry) as esign:
        _connect(esign, vendor)
        envelope = await esign.send(world.draft(), via="acme", key="lease-14")
        assert (await esign.check(world.draft(), via="acme")).ok
        assert (await esign.list()) == (envelope,)
        assert len(await esign.signing_links(envelope.id)) == 2
        await esign.remind(envelope.id)
        vendor.complete("1")
        assert (await esign.fetch(envelope.id)).is_final
        async with esign.worker(tasks=1):
            types = [e.type async for e in esign.events.follow("x", forever=False)]
        assert types[-1] == "envelope.completed"
        (saved,) = await esign.download(envelope.id, to=tmp_path / "archive")
        assert saved.path.read_bytes() == FILE
        answer = await esign.request("acme", "get", "/envelopes/1")
        assert answer.json()["status"] == "completed"
        request = vendor.delivery(vendor.event("1"))
        assert (await esign.receive("acme", request)).is_new
        with pytest.raises(EnvelopeClosed):
            await esign.cancel(envelope.id)
        assert await esign.get(envelope.id) == (await esign.list())[0]
        assert repr(esign) == "<AsyncEsign acme>"


# one by one


def test_fetch_writes_down_what_it_sees(esign: Esign, vendor: FakeVendor, world: World) -> None:
    """A look at the vendor is in the journal and in the stream."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    vendor.sign("1", 0)
    assert esign.fetch(envelope.id).status is EnvelopeStatus.IN_PROGRESS
    assert esign.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
    assert esign.events.read()[-1].type == "envelope.in_progress"


def test_cancel_tells_what_it_is_then(esign: Esign, vendor: FakeVendor, world: World) -> None:
    """And nobody looks at it any more."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    assert esign.cancel(envelope.id, reason="a mistake").status is EnvelopeStatus.CANCELLED
    assert vendor.envelopes["1"].status == "cancelled"
    assert esign._workspace.journal.read(lambda tx: tx.work.list()) == []


@pytest.mark.promise("S8")
def test_finished_envelope_cannot_be_cancelled(
    esign: Esign, vendor: FakeVendor, world: World
) -> None:
    """The error is the vendor's, and the envelope stays what it is."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    vendor.complete("1")
    _failed(lambda: esign.cancel(envelope.id), EnvelopeClosed)
    assert esign.fetch(envelope.id).status is EnvelopeStatus.COMPLETED
    assert vendor.envelopes["1"].status == "completed"


def test_reminder_goes_to_one_or_to_all(esign: Esign, vendor: FakeVendor, world: World) -> None:
    """Our id of a signer becomes the vendor's; a wrong one is told."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    esign.remind(envelope.id, signer="s2")
    assert vendor.reminded == ["1-2"]
    esign.remind(envelope.id)
    assert vendor.reminded == ["1-2", "1-1", "1-2"]
    error = _failed(lambda: esign.remind(envelope.id, signer="s3"), Misconfigured)
    assert 'no signer "s3". There are: s1, s2.' in str(error)


def test_reminder_for_one_never_goes_to_all(esign: Esign, vendor: FakeVendor, world: World) -> None:
    """Where the vendor does not tell its ids of signers, nobody is written to."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    esign._workspace.journal.write(
        lambda tx: tx.envelopes.store(
            replace(envelope, seats=tuple(replace(s, remote_id=None) for s in envelope.seats)),
            utc_now(),
        )
    )
    vendor.envelopes["1"].signers.clear()
    error = _failed(lambda: esign.remind(envelope.id, signer="s1"), NotSupported)
    assert "nobody was reminded" in str(error)
    assert vendor.reminded == []


def test_signing_links_have_our_ids(esign: Esign, world: World) -> None:
    """Whoever drafted two signers gets each one's own link."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    links = esign.signing_links(envelope.id)
    assert [(link.signer_id, link.name) for link in links] == [("s1", "Jane Doe"), ("s2", "Bo Ek")]
    assert "sign/1-1" in links[0].url


def test_download_waits_for_the_end(
    esign: Esign, vendor: FakeVendor, world: World, tmp_path: Path
) -> None:
    """What is not there yet is told, and nothing is written."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    error = _failed(lambda: esign.download(envelope.id, to=tmp_path / "a"), NotReady)
    assert '"Lease 14" is sent' in str(error)
    assert "wait for its completion" in str(error)
    vendor.complete("1")
    esign.download(envelope.id, to=tmp_path / "a")
    others = (ArtifactKind.CERTIFICATE,)
    error = _failed(lambda: esign.download(envelope.id, to=tmp_path / "b", kinds=others), NotReady)
    assert str(error).endswith("ask for other kinds.")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("verb", ["fetch", "cancel", "remind", "signing_links"])
def test_envelope_without_the_vendors_id_is_not_ready(
    make_world: Callable[[str], World], verb: str
) -> None:
    """While the vendor is making it, or nobody knows, its verbs say so."""
    world = make_world("job")
    envelope = world.send()
    arguments = () if verb in {"fetch", "signing_links"} else (None,)
    error = _failed(
        lambda: world.run(getattr(verbs, verb)(world.workspace, envelope.id, *arguments)), NotReady
    )
    assert '"Lease 14" is queued' in str(error)
    assert error.envelope_id == envelope.id


def test_wrong_names_are_told(esign: Esign) -> None:
    """An envelope or a connection that there is not."""
    _failed(lambda: esign.get("env_x"), UnknownEnvelope)
    _failed(lambda: esign.fetch("env_x"), UnknownEnvelope)
    _failed(lambda: esign.list(connection="x"), UnknownConnection)
    _failed(lambda: esign.request("x", "GET", "/"), UnknownConnection)


def test_request_reaches_what_has_no_verb(esign: Esign, world: World) -> None:
    """Authenticated, explained, raw."""
    esign.send(world.draft(), via="acme", key="k")
    answer = esign.request("acme", "get", "/envelopes", params={"mark": "nobody"})
    assert answer.json() == {"found": []}
    assert isinstance(_failed(lambda: esign.request("acme", "GET", "/x"), NotFound), NotFound)


def test_original_never_takes_the_place_of_what_was_signed(
    esign: Esign, vendor: FakeVendor, world: World, tmp_path: Path
) -> None:
    """Downloading other kinds later adds files, whatever was there before."""
    kinds = (ArtifactKind.SIGNED, ArtifactKind.ORIGINAL)
    names = [name for _, name in _named([Artifact(kind, "lease.pdf", "k") for kind in kinds])]
    assert names == ["lease.pdf", "lease.original.pdf"]
    alone = [name for _, name in _named([Artifact(ArtifactKind.ORIGINAL, "lease.pdf", "k")])]
    assert alone == ["lease.original.pdf"]
    twice = [name for _, name in _named([Artifact(ArtifactKind.SIGNED, "a", "k")] * 3)]
    assert twice == ["a", "a-2", "a-3"]
    envelope = esign.send(world.draft(), via="acme", key="k")
    vendor.sign("1", 0)
    vendor.sign("1", 1)
    kinds = (ArtifactKind.SIGNED, ArtifactKind.CERTIFICATE)
    error = _failed(lambda: esign.download(envelope.id, to=tmp_path, kinds=kinds), NotReady)
    assert "certificate" in str(error)
    assert list(tmp_path.rglob("*.pdf")) == []


def test_what_is_no_draft_is_named(esign: Esign) -> None:
    """A wrong argument is told at the edge, by its type."""
    with pytest.raises(TypeError, match="must be an EnvelopeDraft, not str"):
        esign.send("lease.pdf", via="acme", key="k")  # type: ignore[arg-type]


def test_nobody_is_reminded_of_what_has_ended(
    esign: Esign, vendor: FakeVendor, world: World
) -> None:
    """The error says how it ended, by the caller's own title and id."""
    envelope = esign.send(world.draft(), via="acme", key="k")
    _ = esign.cancel(envelope.id)
    error = _failed(lambda: esign.remind(envelope.id), EnvelopeClosed)
    assert 'acme did not remind "Lease 14": it is cancelled' in str(error)
    assert error.envelope_id == envelope.id
    assert vendor.reminded == []


def test_list_takes_a_status_by_its_name(esign: Esign, world: World) -> None:
    """A word that is no status is an error, not an empty list."""
    sent = esign.send(world.draft(), via="acme", key="lease-14")
    by_name: Any = "sent"
    assert esign.list(status=by_name) == (sent,)
    misspelt: Any = "snet"
    with pytest.raises(Misconfigured, match='Did you mean "sent"'):
        esign.list(status=misspelt)


def test_key_is_text(esign: Esign, world: World) -> None:
    """An order's number is a common mistake."""
    key: Any = 14
    with pytest.raises(Misconfigured, match="key must be text"):
        esign.send(world.draft(), via="acme", key=key)


def test_file_that_never_will_be_there_is_nothing_to_wait_for(
    esign: Esign, world: World, tmp_path: Path
) -> None:
    """Before the end it is not ready; after another end than completion it is closed."""
    sent = esign.send(world.draft(), via="acme", key="lease-14")
    with pytest.raises(NotReady, match="wait for its completion"):
        esign.download(sent.id, to=tmp_path)
    esign.cancel(sent.id)
    with pytest.raises(EnvelopeClosed, match="there never will be one"):
        esign.download(sent.id, to=tmp_path)

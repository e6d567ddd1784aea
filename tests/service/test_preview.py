from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import KeyReused, Misconfigured, UnmappedTemplate
from esign_core.model import Document, EnvelopeDraft, Signer
from esign_core.provider import Registry, hookimpl
from esign_core.service import AsyncEsign, Esign
from esign_core.service.preview import Preview
from esign_core.service.send import preview

if TYPE_CHECKING:
    from tests.service.conftest import World

PDF = b"%PDF-1.7 a lease"


class _AddsAWitness:
    @hookimpl
    def esign_before_send(self, draft: EnvelopeDraft) -> EnvelopeDraft:
        more = Signer(name="The Witness", email="witness@example.com")
        return draft.model_copy(update={"signers": (*draft.signers, more)})


def _previewed(world: World, draft: EnvelopeDraft | None = None, **options: Any) -> Preview:
    wish = {"via": "acme", "key": "lease-14", **options}
    return world.run(preview(world.workspace, draft or world.draft(), **wish))


def test_a_preview_is_what_is_sent(world: World) -> None:
    """With what plugins make of it, and every document's hash."""
    world.registry.add_plugin(_AddsAWitness(), name="witness")
    found = _previewed(world)
    assert found.check.ok
    assert found.known is None
    assert [each.name for each in found.draft.signers] == ["Jane Doe", "Bo Ek", "The Witness"]
    assert [each.sha256 for each in found.draft.documents] == [hashlib.sha256(PDF).hexdigest()]
    sent = world.send()
    assert [seat.name for seat in sent.seats] == [each.name for each in found.draft.signers]


def test_a_preview_asks_nobody_and_writes_nothing(world: World) -> None:
    """No request, no envelope, nothing to do: as if it had not been."""
    _ = _previewed(world)
    assert world.vendor.requests == []
    assert (world.all(), world.events(), world.todo()) == ([], [], [])


def test_a_preview_tells_every_gap(world: World) -> None:
    """Where `send` would raise, it answers, with the draft beside what stands in its way."""
    draft = world.draft(language="en", metadata={"deal": "14"})
    found = _previewed(world, draft)
    assert not found.check.ok
    assert {gap.field for gap in found.check.gaps} == {"language", "metadata"}
    assert found.draft.documents[0].sha256 is not None


def test_a_preview_tells_what_a_template_is_here(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """The vendor's own, or a PDF, which is a document then."""
    pdf = tmp_path / "lease.pdf"
    _ = pdf.write_bytes(PDF)
    world = make_world(templates={"theirs": {"id": "T1"}, "ours": {"document": str(pdf)}})
    theirs = _previewed(world, world.draft(documents=(), template="theirs"))
    assert theirs.template is not None
    assert (theirs.template.id, theirs.draft.documents) == ("T1", ())
    ours = _previewed(world, world.draft(documents=(), template="ours"))
    assert ours.draft.template is None
    assert [(each.name, each.size) for each in ours.draft.documents] == [("lease.pdf", len(PDF))]
    with pytest.raises(UnmappedTemplate):
        _previewed(world, world.draft(documents=(), template="nobody-s"))


def test_a_preview_knows_what_was_sent_before(world: World) -> None:
    """The same key and draft would ask nobody; another draft under it is refused."""
    sent = world.send()
    requests = list(world.vendor.requests)
    assert _previewed(world).known == sent
    with pytest.raises(KeyReused):
        _previewed(world, world.draft("Lease 15"))
    with pytest.raises(KeyReused):
        _previewed(world, via="other")
    assert _previewed(world, tenant="another").known is None
    assert world.vendor.requests == requests


def test_a_preview_needs_a_key_as_sending_does(world: World) -> None:
    """What could not be sent is not shown as if it could."""
    with pytest.raises(Misconfigured, match="key"):
        _previewed(world, key="")
    wrong: Any = "lease.pdf"
    with pytest.raises(TypeError, match="must be an EnvelopeDraft"):
        _previewed(world, wrong)


async def test_a_preview_can_be_awaited(registry: Registry, tmp_path: Path) -> None:
    """Both classes answer the same."""
    given: dict[str, Any] = {
        "connections": {"acme": {"provider": "fake"}},
        "journal": f"sqlite:///{tmp_path / 'esign.db'}",
        "registry": registry,
    }
    lease = Document.from_bytes(PDF, name="lease.pdf")
    jane = Signer(name="Jane Doe", email="jane@example.com")
    draft = EnvelopeDraft(title="Lease 14", documents=[lease], signers=[jane])
    with Esign(**given) as esign:
        blocking = esign.preview(draft, via="acme", key="k")
    async with AsyncEsign(**given) as other:
        awaited = await other.preview(draft, via="acme", key="k")
    assert blocking == awaited
    assert blocking.check.ok


def test_a_pinned_document_keeps_its_hash(world: World) -> None:
    """What was meant stays what was meant."""
    document = Document.from_bytes(PDF, name="lease.pdf").pinned()
    assert _previewed(world, world.draft(documents=[document])).draft.documents == (document,)

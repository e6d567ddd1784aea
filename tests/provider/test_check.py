from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import InvalidDraft, NotSupported, UnmappedTemplate
from esign_core.model import Capabilities, EnvelopeDraft, Feature
from esign_core.provider import Check, Provider, gaps_of, localized
from esign_core.provider.check import REMEDY

MakeDraft = Callable[..., EnvelopeDraft]
MakeAcme = Callable[..., Provider[Any]]


@pytest.fixture
def with_templates(
    make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Provider[Any]]:
    """A vendor of templates, with the given mapping."""

    def make(**templates: Any) -> Provider[Any]:
        acme = make_acme(templates=templates)
        monkeypatch.setattr(type(acme), "capabilities", Capabilities(templates=True))
        return acme

    return make


def test_a_draft_that_fits_has_no_gap(acme: Provider[Any], make_draft: MakeDraft) -> None:
    """And nothing stands in its way."""
    assert gaps_of(make_draft(message="Hi"), acme) == ()
    check = Check("acme-eu", "acme", ())
    assert check.ok
    check.expect_ok("Lease 14")


def test_every_gap_is_told_at_once(acme: Provider[Any], make_draft: MakeDraft) -> None:
    """With where it is, what it is, and what to do instead; the provider's own ones last."""
    people = [{"name": f"P{i}", "email": f"p{i}@example.com"} for i in range(3)]
    draft = make_draft(title="odd", language="da", signers=people)
    assert [str(gap) for gap in gaps_of(draft, acme)] == [
        "language: acme has no language; leave `language` out; the vendor has its own",
        "signers: acme takes at most 2, not 3; send several envelopes",
        "title: acme has no odd titles; take an even one",
    ]


def test_a_draft_that_does_not_fit_is_not_sent(acme: Provider[Any], make_draft: MakeDraft) -> None:
    """One error with all gaps, the connections that could do it, and that nothing was sent."""
    gaps = gaps_of(make_draft(language="da", expires_in_days=3), acme)
    with pytest.raises(NotSupported) as caught:
        Check("acme-eu", "acme", gaps, ("other-dk", "other-se")).expect_ok("Lease 14")
    assert str(caught.value) == (
        'acme-eu cannot send "Lease 14":\n'
        "  language: acme has no language; leave `language` out; the vendor has its own.\n"
        "  expires_in_days: acme has no expiry; leave `expires_in_days` out and cancel it in "
        "time.\n"
        "  Connections that can: other-dk, other-se.\n"
        "Nothing was sent."
    )
    assert (caught.value.provider, caught.value.connection) == ("acme", "acme-eu")
    with pytest.raises(NotSupported) as caught:
        Check("", "acme", gaps[:1]).expect_ok("Lease 14")
    assert str(caught.value).startswith('acme cannot send "Lease 14":\n  language')
    assert "Connections" not in str(caught.value)


def test_every_feature_has_a_remedy() -> None:
    """Nobody is told that it does not work without what to do instead."""
    assert set(REMEDY) == set(Feature)


def test_a_template_must_be_mapped(acme: Provider[Any], make_draft: MakeDraft) -> None:
    """Known before any request; the message says what to write."""
    with pytest.raises(UnmappedTemplate) as caught:
        gaps_of(make_draft(template="lease"), acme)
    assert str(caught.value) == (
        'the template "lease" is not mapped here (mapped: none). Nothing was sent. '
        "Add it to the connection's templates: lease = { id = ... } or { document = ... }."
    )


def test_a_template_that_is_a_pdf_here_is_sent_as_one(
    make_acme: MakeAcme, make_draft: MakeDraft, tmp_path: Path
) -> None:
    """So that one draft can go to a vendor of documents and to a vendor of templates."""
    pdf = tmp_path / "lease.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    acme = make_acme(templates={"lease": {"document": str(pdf)}})
    draft = make_draft(template="lease")
    assert gaps_of(draft, acme) == ()
    local = localized(draft, acme)
    assert ([document.name for document in local.documents], local.template) == (
        ["lease.pdf"],
        None,
    )


def test_a_gap_of_a_templates_pdf_is_told_at_the_template(
    make_acme: MakeAcme, make_draft: MakeDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wrote a template finds no `documents` in the draft; other fields stay where they are."""
    pdf = tmp_path / "lease.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    acme = make_acme(templates={"lease": {"document": str(pdf)}})
    monkeypatch.setattr(type(acme), "capabilities", Capabilities(documents=False))
    draft = make_draft(template="lease", language="da")
    found = [(gap.feature, gap.field) for gap in gaps_of(draft, acme)]
    assert found == [(Feature.DOCUMENTS, "template"), (Feature.LANGUAGE, "language")]


def test_a_template_whose_pdf_is_missing_is_named(
    make_acme: MakeAcme, make_draft: MakeDraft, tmp_path: Path
) -> None:
    """By its own name, with the path and the reason."""
    acme = make_acme(templates={"lease": {"document": str(tmp_path / "nope.pdf")}})
    with pytest.raises(InvalidDraft, match=r'^template "lease": ".*nope\.pdf" cannot be read'):
        localized(make_draft(template="lease"), acme)


def test_documents_stay_as_they_are(acme: Provider[Any], make_draft: MakeDraft) -> None:
    """A draft of documents is the same everywhere."""
    draft = make_draft()
    assert localized(draft, acme) is draft


def test_a_vendor_without_templates_has_a_gap(make_acme: MakeAcme, make_draft: MakeDraft) -> None:
    """Though the template is mapped to an id."""
    acme = make_acme(templates={"lease": {"id": "tmpl_1"}})
    (gap,) = gaps_of(make_draft(template="lease"), acme)
    assert str(gap) == (
        "template: acme has no templates; send documents, or map the template to a PDF"
    )


def test_roles_must_be_the_templates_where_they_are_mapped(
    with_templates: MakeAcme, make_draft: MakeDraft
) -> None:
    """Who sits in no seat is named, with the seats that there are."""
    draft = make_draft(
        template="lease",
        signers=[
            {"name": "Ann", "email": "ann@example.com", "role": "tenant"},
            {"name": "Bob", "email": "bob@example.com", "role": "owner"},
            {"name": "Eve", "email": "eve@example.com"},
        ],
    )
    mapped = with_templates(lease={"id": "tmpl_1", "roles": {"tenant": "B", "agent": "A"}})
    assert [str(gap) for gap in gaps_of(draft, mapped)] == [
        'signers[1].role: the template here has no role "owner"; use one of: agent, tenant',
        'signers[2].role: the template here has no role ""; use one of: agent, tenant',
    ]
    assert gaps_of(draft, with_templates(lease={"id": "tmpl_1"})) == ()


@pytest.mark.parametrize("field", ["send_at", "expires_at"])
def test_a_time_that_has_passed_is_a_gap(
    acme_class: type[Provider[Any]], make_draft: MakeDraft, field: str
) -> None:
    """Whoever meant tomorrow is told before anybody is asked today."""
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    acme = acme_class(acme_class.Settings(), clock=lambda: noon)
    for time, is_past in (("12:00", True), ("11:59", True), ("12:01", False)):
        draft = make_draft(**{field: f"2030-01-01T{time}:00Z"})
        told = [gap for gap in gaps_of(draft, acme) if gap.message == "is in the past"]
        assert [gap.field for gap in told] == ([field] if is_past else [])

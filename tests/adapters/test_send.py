from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from esign_core import (
    ArtifactKind,
    Capabilities,
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    EnvelopeStatus,
    Feature,
    Job,
    NotSupported,
    Signer,
    SignerStatus,
    Snapshot,
)
from esign_core.testing.stage import Particulars, Stage

MakeLease = Callable[..., EnvelopeDraft]
Needs = Callable[..., None]

UNICODE = {"tenant": "Łukasz Żółć", "søster": "Søren Ærø", "note": 'a "quoted" \\ line'}


def test_one_signer_is_asked_once(stage: Stage, lease: MakeLease) -> None:
    """A template draft becomes one envelope, and its signer is asked once."""
    for account in stage.each_way():
        draft = lease(alone=True)
        assert account.connection.check(draft).ok
        sent = account.send(draft)
        assert sent.status is EnvelopeStatus.SENT
        assert [signer.name for signer in sent.signers] == ["Jane Doe"]
        assert account.ledger("asked") == ["Jane Doe"]


def test_send_makes_one_unrepeatable_request(stage: Stage, lease: MakeLease) -> None:
    """However many requests a send takes, one of them at most must not be made twice."""
    for account in stage.each_way():
        account.send(lease())
        assert len([one for one in account.exchanges if not one.is_repeatable]) == 1


@pytest.mark.promise("S2")
def test_nobody_is_asked_before_the_id_is_stored(stage: Stage, lease: MakeLease) -> None:
    """A first step that only stores a draft asks nobody; the second is harmless twice."""
    for account in stage.each_way():
        if not account.provider.supports("dispatch"):
            continue
        stored = account.ask(account.provider.send(lease(alone=True)))
        assert isinstance(stored, Snapshot)
        assert stored.status is EnvelopeStatus.DRAFT
        assert account.ledger("asked") == []
        for _ in range(2):
            sent = account.ask(account.provider.dispatch(stored.remote_id))
            assert (sent.remote_id, sent.status) == (stored.remote_id, EnvelopeStatus.SENT)
            assert account.ledger("asked") == ["Jane Doe"]


def test_signers_without_order_are_asked_together(stage: Stage, lease: MakeLease) -> None:
    """Nobody waits for anybody where no order is given."""
    for account in stage.each_way():
        sent = account.send(lease())
        assert sorted(account.ledger("asked", sent.remote_id)) == ["Bo Ek", "Jane Doe"]
        signers = account.connection.fetch(sent.remote_id).signers
        assert len({signer.order for signer in signers}) == 1


def test_ordered_signers_are_asked_in_turn(stage: Stage, lease: MakeLease, needs: Needs) -> None:
    """The second is asked when the first has signed, and not before."""
    needs(Feature.SIGNING_ORDER)
    for account in stage.each_way():
        sent = account.send(lease(ordered=True))
        assert account.ledger("asked") == ["Jane Doe"]
        account.sign(sent.remote_id, at_most=1)
        assert account.ledger("asked") == ["Jane Doe", "Bo Ek"]
        signers = account.connection.fetch(sent.remote_id).signers
        assert [signer.order for signer in signers] == [1, 2]


def test_signers_who_share_a_turn_are_asked_together(stage: Stage, lease: MakeLease) -> None:
    """A group acts at the same time, after the step before it; or the gap is told beforehand."""
    people = [("Jane Doe", 1, "tenant"), ("Bo Ek", 2, "landlord"), ("Al Ba", 2, "tenant")]
    signers = [
        Signer(name=name, email=f"{name[0]}@example.com".lower(), order=order, role=role)
        for name, order, role in people
    ]
    for account in stage.each_way():
        draft = lease(signers=signers)
        check = account.connection.check(draft)
        if not check.ok:
            assert {gap.feature for gap in check.gaps} == {Feature.SIGNING_GROUPS}
            continue
        sent = account.send(draft)
        assert account.ledger("asked") == ["Jane Doe"]
        account.sign(sent.remote_id, at_most=1)
        assert sorted(account.ledger("asked")) == ["Al Ba", "Bo Ek", "Jane Doe"]


def test_links_are_handed_out_and_nobody_is_written_to(
    stage: Stage, lease: MakeLease, needs: Needs
) -> None:
    """With delivery by link the vendor writes to nobody, and each signer has a link that works."""
    needs(Feature.LINK_DELIVERY)
    for account in stage.each_way():
        sent = account.send(lease().delivered_by(Channel.LINK))
        channels = {entry["channel"] for entry in account.control.ledger(sent.remote_id)}
        assert channels == {"link"}
        links = account.connection.signing_links(sent.remote_id)
        assert {link.name for link in links} == {"Jane Doe", "Bo Ek"}
        assert {link.url for link in links} == set(account.control.links(sent.remote_id))
        for link in links:
            account.control.sign_page(link.url)
        account.let_pass()
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.COMPLETED


def test_email_reaches_signers_by_the_vendor(stage: Stage, lease: MakeLease, needs: Needs) -> None:
    """With delivery by e-mail the vendor writes to every signer."""
    needs(Feature.EMAIL_DELIVERY)
    for account in stage.each_way():
        sent = account.send(lease())
        asked = [e for e in account.control.ledger(sent.remote_id) if e["what"] == "asked"]
        assert {entry["channel"] for entry in asked} == {"email"}


def test_documents_travel_byte_for_byte(
    stage: Stage, lease: MakeLease, needs: Needs, pdf: bytes
) -> None:
    """What the vendor holds is what was sent, in every form, whatever the names and titles."""
    needs(Feature.DOCUMENTS, Feature.SEVERAL_DOCUMENTS, Feature.ATTACHMENTS)
    documents = (
        Document.from_bytes(pdf, name="Lejekontrakt Søren Ærø, 1.pdf", title="Łukasz' aftale"),
        Document.from_bytes(pdf + b"\n%%EOF\n", name="terms.pdf", signable=False),
    )
    for form in stage.particulars.forms:
        for account in stage.each_way(form):
            sent = account.send(lease(template=None, documents=documents))
            found = account.connection.fetch(sent.remote_id)
            assert {artifact.kind for artifact in found.artifacts} == {ArtifactKind.ORIGINAL}
            held = stage.particulars.held(account.sandbox, sent.remote_id, ArtifactKind.ORIGINAL)
            assert held == pdf


@pytest.mark.promise("S7")
def test_large_document_takes_the_same_way(
    stage: Stage, lease: MakeLease, needs: Needs, pdf: bytes
) -> None:
    """Bodies that are too large for the event loop are exchanged just like small ones."""
    needs(Feature.DOCUMENTS)
    large = pdf + b"%" + b"x" * (2 * 1024**2) + b"\n%%EOF\n"
    documents = (Document.from_bytes(large, name="large.pdf"),)
    for form in stage.particulars.forms:
        for account in stage.each_way(form):
            sent = account.send(lease(template=None, documents=documents))
            held = stage.particulars.held(account.sandbox, sent.remote_id, ArtifactKind.ORIGINAL)
            assert held == large


def test_every_wish_arrives_or_is_a_gap(
    stage: Stage, lease: MakeLease, capabilities: Capabilities
) -> None:
    """A wish that a provider declares is taken by its vendor; one that it does not is a gap."""
    wishes: dict[Feature, dict[str, Any]] = {
        Feature.MESSAGE: {"message": "Venligst underskriv, Søren"},
        Feature.LANGUAGE: {"language": "da"},
        Feature.EXPIRY: {"expires_in_days": 14},
        Feature.METADATA: {"metadata": UNICODE},
        Feature.COPIES: {"copies": [CopyRecipient(name="Åse Ly", email="aase@example.com")]},
    }
    for account in stage.each_way():
        for feature, fields in wishes.items():
            draft = lease(alone=True, **fields)
            if capabilities.supports(feature):
                assert account.send(draft).status is EnvelopeStatus.SENT
                continue
            assert [gap.feature for gap in account.connection.check(draft).gaps] == [feature]
            before = len(account.exchanges)
            with pytest.raises(NotSupported, match="Nothing was sent"):
                account.connection.send(draft)
            assert len(account.exchanges) == before


def test_everything_at_once_comes_back(
    stage: Stage, lease: MakeLease, capabilities: Capabilities
) -> None:
    """Title, names, roles, order, metadata, mark and expiry read the same on the way back."""
    signers = [
        Signer(name="Łukasz Żółć", email="lukasz@example.com", role="tenant", order=1),
        Signer(name="Søren Ærø", email="soren@example.com", role="landlord", order=2),
    ]
    wishes: dict[str, Any] = {
        "title": 'Lejeaftale "14" - Ærø & Łódź',
        "message": "Læs først.\nSkriv så under.",
        "expires_in_days": 14,
        "metadata": UNICODE,
    }
    if capabilities.language:
        wishes["language"] = "da"
    if capabilities.copies:
        wishes["copies"] = [CopyRecipient(name="Åse Ly", email="aase@example.com")]
    for form in stage.particulars.forms:
        for account in stage.each_way(form):
            draft = lease(signers=signers, **wishes).marked("esign:env_1")
            found = account.connection.fetch(account.send(draft).remote_id)
            assert found.title == draft.title
            assert [(s.name, s.email, s.role, s.order) for s in found.signers] == [
                (s.name, s.email, s.role, s.order) for s in signers
            ]
            assert (found.mark, dict(found.metadata)) == ("esign:env_1", UNICODE)
            assert found.expires_at is not None
            assert found.created_at is not None
            days = (found.expires_at - found.created_at).total_seconds() / 86_400
            assert 13 <= days <= 15
            first, second = found.signers
            assert first.status in {SignerStatus.NOTIFIED, SignerStatus.WAITING}
            assert second.status is SignerStatus.WAITING


def test_job_is_an_answer_for_who_does_not_wait(stage: Stage, lease: MakeLease) -> None:
    """`wait=False` answers at once: with the envelope, or with a job that can be asked again."""
    for account in stage.each_way():
        account.control.fault("stuck_job", times=1)
        try:
            job = account.connection.send(lease(alone=True), wait=False)
            if isinstance(job, Snapshot):
                continue  # this vendor makes envelopes at once
            again = account.connection.poll(job)
            assert isinstance(again, Job), "it is still stuck"
            assert account.ledger("asked") == []
        finally:
            account.control.clear_faults()
        account.let_pass()  # the vendor begins again
        account.let_pass()
        made = account.connection.poll(again)
        assert isinstance(made, Snapshot)
        assert made.status is EnvelopeStatus.SENT
        assert account.ledger("asked") == ["Jane Doe"]


def test_send_waits_for_the_vendor_by_itself(particulars: Particulars, lease: MakeLease) -> None:
    """Without `wait=False` the answer is the envelope, at every vendor."""
    with Stage(particulars, scale=0.01) as stage:
        for account in stage.each_way():
            sent = account.connection.send(lease(alone=True))
            assert sent.status is EnvelopeStatus.SENT
            assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.SENT

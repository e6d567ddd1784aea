"""Each feature at each provider: the simulator shows what was asked for, or `check` has the gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core import (
    ArtifactKind,
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    EnvelopeStatus,
    Feature,
    NotSupported,
    Signer,
    SignerAction,
    Snapshot,
)
from esign_core.model import Identity, IdentityMethod, Redirects
from esign_core.sandbox import Simulator
from esign_core.testing.account import Account
from esign_core.testing.stage import Changes, Particulars, Stage

MakeLease = Callable[..., EnvelopeDraft]

DAY = 86_400.0
KIM = CopyRecipient(name="Kim Ly", email="kim@example.com")
SUBJECT = {"subject": "Om lejemålet"}
TEXT = "Læs først.\nSkriv så under."
METADATA = {"lease": "14", "søster": 'a "quoted" word'}


@dataclass(frozen=True)
class Sent:
    """An envelope at the vendor, and how the simulator is looked at."""

    account: Account
    remote_id: str
    snapshot: Snapshot
    draft: EnvelopeDraft
    particulars: Particulars

    def told(self, what: str) -> list[dict[str, Any]]:
        """What the ledger says of this envelope."""
        self.account.let_pass(1)
        entries = self.account.control.ledger(self.remote_id)
        return [entry for entry in entries if entry["what"] == what]

    def names(self, what: str) -> list[str]:
        """Whom it happened to."""
        return sorted(entry["signer"] for entry in self.told(what))

    def mail(self, what: str, name: str) -> dict[str, Any]:
        """What somebody was written."""
        (mail,) = [entry["mail"] for entry in self.told(what) if entry["signer"] == name]
        found: dict[str, Any] = mail
        return found

    def fetched(self) -> Snapshot:
        """The envelope as it is now."""
        return self.account.connection.fetch(self.remote_id)

    def files(self, kind: ArtifactKind) -> int:
        """How many files of a kind can be downloaded."""
        return sum(artifact.kind is kind for artifact in self.fetched().artifacts)


def kept(*, signed: int) -> Callable[[Sent], None]:
    """Both documents go out, and so many of them are signed."""

    def shown(sent: Sent) -> None:
        assert sent.files(ArtifactKind.ORIGINAL) == 2
        sent.account.sign(sent.remote_id)
        assert sent.files(ArtifactKind.SIGNED) == signed

    return shown


def by_role(sent: Sent) -> None:
    """The first document is Jane's alone."""
    signs = WHO_SIGNS[sent.particulars.provider]
    assert signs(sent.account.sandbox, sent.remote_id) == [["Jane Doe"], ["Jane Doe", "Bo Ek"]]


def _penneo_signs(sandbox: Simulator, remote_id: str) -> list[list[str]]:
    vendor: Any = sandbox.simulation.vendor
    case_file = vendor._case_files.by_id[int(remote_id)]
    return [
        [signer.name for signer in case_file.signers if document.is_signed_by(signer)]
        for document in case_file.documents
    ]


WHO_SIGNS = {"penneo": _penneo_signs}
"""Nothing neutral shows it: who declares document roles says where its simulator does."""


def after_jane(*names: str) -> Callable[[Sent], None]:
    """The others are asked when the first has signed, all at the same time."""

    def shown(sent: Sent) -> None:
        assert sent.names("asked") == ["Jane Doe"]
        sent.account.sign(sent.remote_id, at_most=1)
        assert sent.names("asked") == sorted(["Jane Doe", *names])

    return shown


def reached_by(channel: Channel) -> Callable[[Sent], None]:
    """Everybody is reached in this way alone."""

    def shown(sent: Sent) -> None:
        assert {entry["channel"] for entry in sent.told("asked")} == {channel.value}

    return shown


def copied(sent: Sent) -> None:
    """Kim hears of the end and of nothing else."""
    assert KIM.name not in sent.names("informed")
    sent.account.sign(sent.remote_id)
    assert KIM.name in sent.names("informed")


def written(name: str, **words: str) -> Callable[[Sent], None]:
    """The e-mail that asks somebody has these words."""

    def shown(sent: Sent) -> None:
        mail = sent.mail("asked", name)
        assert {word: mail[word] for word in words} == words

    return shown


def scheduled(sent: Sent) -> None:
    """Nobody is asked before its time."""
    assert sent.snapshot.status is sent.fetched().status is EnvelopeStatus.SCHEDULED
    assert sent.told("asked") == []
    sent.account.let_pass(3 * DAY)
    assert len(sent.told("asked")) == 2
    assert sent.fetched().status is EnvelopeStatus.SENT


def over_in_time(sent: Sent) -> None:
    """About two days, which a vendor may round to one of its days; and then it is over."""
    expires_at = sent.fetched().expires_at
    assert expires_at is not None
    assert abs(expires_at - in_days(2)) < timedelta(days=1)
    sent.account.let_pass(3 * DAY)
    assert sent.fetched().status is EnvelopeStatus.EXPIRED


def reminded(sent: Sent) -> None:
    """Every two days, twice in five."""
    assert sent.told("reminded") == []
    sent.account.let_pass(5 * DAY)
    assert sent.names("reminded") == ["Bo Ek", "Bo Ek", "Jane Doe", "Jane Doe"]


def led_on(sent: Sent) -> None:
    """A signer's own address goes before the envelope's."""
    wished = {"Jane Doe": "https://jane.example/signed", "Bo Ek": "https://all.example/signed"}
    for name, address in wished.items():
        done = sent.account.control.act("sign", envelope=sent.remote_id, signer=name)
        assert done["redirect"] == address


def asked_who_they_are(sent: Sent) -> None:
    """The page says so, to who was asked for it and to nobody else."""
    for entry in sent.told("asked"):
        page = sent.account.sandbox.simulation.page(entry["link"].rpartition("/")[2])
        assert page is not None
        assert bool(page.notes) is (entry["signer"] == "Jane Doe")


def has_words(sent: Sent) -> None:
    """The same words come back."""
    assert dict(sent.fetched().metadata) == METADATA


def holds_the_pdf(sent: Sent) -> None:
    """The vendor has the very bytes."""
    held = sent.particulars.held(sent.account.sandbox, sent.remote_id, ArtifactKind.ORIGINAL)
    assert held == b"".join(sent.draft.documents[0].content.chunks())


def is_never_sent(sent: Sent) -> None:
    """No simulator shows it yet, since no vendor has it."""
    raise AssertionError(f"say how the simulator of {sent.particulars} shows it")


@dataclass(frozen=True)
class Row:
    """How a feature is asked for, and how a simulator shows that it was understood."""

    shown: Callable[[Sent], None]
    fields: Callable[[], dict[str, Any]] = dict
    jane: dict[str, Any] = field(default_factory=dict)
    everybody: dict[str, Any] = field(default_factory=dict)
    others: tuple[Signer, ...] = ()
    is_ordered: bool = False
    files: tuple[dict[str, Any], ...] = ()
    leaps: bool = False
    """Whether days pass, so that the simulator is no use to others."""


def in_days(days: float) -> datetime:
    """A moment from now."""
    return datetime.now(UTC) + timedelta(days=days)


ONE, TWO = {"name": "one.pdf"}, {"name": "two.pdf"}
BY_SMS = {"identity": Identity(method=IdentityMethod.SMS), "phone": "+4512345678"}
AFTERWARDS = Redirects(signed="https://all.example/signed")
JANES = Redirects(signed="https://jane.example/signed")
AL = Signer(name="Al Ba", email="al@example.com", role="tenant", order=2)

TABLE = {
    Feature.DOCUMENTS: Row(holds_the_pdf, files=(ONE,)),
    Feature.SEVERAL_DOCUMENTS: Row(kept(signed=2), files=(ONE, TWO)),
    Feature.ATTACHMENTS: Row(kept(signed=1), files=(ONE, {**TWO, "signable": False})),
    Feature.DOCUMENT_ROLES: Row(by_role, files=({**ONE, "roles": ["tenant"]}, TWO)),
    Feature.TEMPLATES: Row(reached_by(Channel.EMAIL)),
    Feature.SIGNING_ORDER: Row(after_jane("Bo Ek"), is_ordered=True),
    Feature.SIGNING_GROUPS: Row(after_jane("Bo Ek", "Al Ba"), is_ordered=True, others=(AL,)),
    Feature.EMAIL_DELIVERY: Row(reached_by(Channel.EMAIL)),
    Feature.LINK_DELIVERY: Row(reached_by(Channel.LINK), everybody={"delivery": Channel.LINK}),
    Feature.COPIES: Row(copied, lambda: {"copies": [KIM]}),
    Feature.APPROVERS: Row(is_never_sent, jane={"action": SignerAction.APPROVE}),
    Feature.VIEWERS: Row(is_never_sent, jane={"action": SignerAction.VIEW}),
    Feature.SUBJECT: Row(written("Bo Ek", **SUBJECT), lambda: SUBJECT),
    Feature.MESSAGE: Row(written("Bo Ek", text=TEXT), lambda: {"message": TEXT}),
    Feature.SIGNER_MESSAGE: Row(written("Jane Doe", text="Hej Jane"), jane={"message": "Hej Jane"}),
    Feature.LANGUAGE: Row(written("Bo Ek", language="da"), lambda: {"language": "da"}),
    Feature.SIGNER_LANGUAGE: Row(written("Jane Doe", language="sv"), jane={"language": "sv"}),
    Feature.SCHEDULED_SENDING: Row(scheduled, lambda: {"send_at": in_days(2)}, leaps=True),
    Feature.EXPIRY: Row(over_in_time, lambda: {"expires_in_days": 2}, leaps=True),
    Feature.EXPIRY_TIME: Row(over_in_time, lambda: {"expires_at": in_days(2)}, leaps=True),
    Feature.REMINDERS: Row(reminded, lambda: {"remind_every_days": 2}, leaps=True),
    Feature.REDIRECTS: Row(led_on, lambda: {"redirects": AFTERWARDS}, jane={"redirects": JANES}),
    Feature.IDENTITY: Row(asked_who_they_are, jane=BY_SMS),
    Feature.METADATA: Row(has_words, lambda: {"metadata": METADATA}),
}


def drafted(row: Row, lease: MakeLease, pdf: bytes) -> EnvelopeDraft:
    """A lease for Jane and Bo that asks for the feature of a row."""
    jane, bo = lease(ordered=row.is_ordered).signers
    people = (jane.model_copy(update=row.jane), bo, *row.others)
    signers = [each.model_copy(update=row.everybody) for each in people]
    documents = [Document.from_bytes(pdf, **each) for each in row.files]
    instead = {"template": None, "documents": documents} if documents else {}
    return lease(signers=signers, **instead, **row.fields())


def test_every_feature_has_a_row() -> None:
    """A feature that is added later is looked at too."""
    assert list(TABLE) == list(Feature)


@pytest.mark.parametrize("feature", TABLE, ids=str)
def test_feature_is_shown_or_a_gap(
    feature: Feature,
    particulars: Particulars,
    lease: MakeLease,
    pdf: bytes,
    request: pytest.FixtureRequest,
) -> None:
    """Nothing is lost on the way, and nothing is left out in silence."""
    row, can = TABLE[feature], particulars.kind.capabilities.supports(feature)
    stage: Stage = request.getfixturevalue("own_stage" if row.leaps and can else "stage")
    settings: Changes = {}
    if feature is Feature.TEMPLATES and not can:  # a PDF stands for it here, unless told otherwise
        settings = {"templates": {"lease": {"id": "tmpl_1"}}}
    draft = drafted(row, lease, pdf)
    for account in stage.each_way(settings):
        check = account.connection.check(draft)
        if can:
            assert check.ok, check.gaps
            snapshot = account.send(draft)
            row.shown(Sent(account, snapshot.remote_id, snapshot, draft, particulars))
            continue
        gaps = [gap for gap in check.gaps if gap.feature is feature]
        assert gaps
        assert all(gap.field and gap.message and gap.remedy for gap in gaps)
        before = len(account.exchanges)
        with pytest.raises(NotSupported, match="Nothing was sent") as caught:
            account.connection.send(draft)
        assert all(gap.remedy in str(caught.value) for gap in gaps)
        assert len(account.exchanges) == before

"""Two tenants at one vendor, whose envelopes have the same ids there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esign_core import Envelope, EnvelopeStatus, Esign, Outcome, Snapshot, Source, WebhookRejected
from esign_core.journal import Intent
from esign_core.model import EnvelopeDraft, SignerStatus, seats_of
from esign_core.model.snapshot import SignerSnapshot
from esign_core.provider import utc_now
from esign_core.service.record import record_snapshot
from tests.promises.hostile.senders import Sender

TENANTS = {"ann": "whsec_of_ann_0123456789", "bob": "whsec_of_bob_9876543210"}
STRANGER = "whsec_of_nobody_here_5555"
BOTH, OF_ANN, OF_BOB, NOBODYS = "531", "601", "701", "801"
OWNS = {"ann": (BOTH, OF_ANN), "bob": (BOTH, OF_BOB)}
EVENTS = {"penneo": ("completed", "rejected", "expired"), "penvio": ("completed", "declined")}


@dataclass(frozen=True)
class Post:
    """A delivery that somebody makes."""

    to: str
    signed_by: str
    about: str
    event: str
    number: int

    @property
    def is_rightful(self) -> bool:
        """Whether the secret is that of the account that it goes to."""
        return TENANTS[self.to] == self.signed_by

    def make(self, sender: Sender) -> Any:
        """The delivery."""
        about = replace(sender, remote_id=self.about, event_id=f"e{self.number}")
        body = about.body()
        for word in (b"completed", b"COMPLETED"):
            said = self.event.encode()
            body = body.replace(word, said.upper() if word.isupper() else said)
        return about.sign(body, self.signed_by).request


class Office:
    """Both tenants at one vendor; each day begins with new envelopes of the same few ids."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.days = 0
        connections = {
            name: {"provider": sender.provider, "webhook_secrets": [secret], **sender.settings()}
            for name, secret in TENANTS.items()
        }
        self.esign = Esign(connections, journal="sqlite://")

    def hear(self, posts: Iterable[Post]) -> tuple[dict[str, Any], list[bool]]:
        """What each tenant knows of its envelopes after a day, and which deliveries were taken."""
        self.days += 1
        day = f"{self.days:04}"
        for tenant, remote_ids in OWNS.items():
            for remote_id in remote_ids:
                _sent(self.esign, tenant, self.sender.provider, remote_id + day)
        taken: list[bool] = []
        for post in posts:
            about = replace(post, about=post.about + day)
            try:
                self.esign.receive(post.to, about.make(self.sender))
            except WebhookRejected:
                taken.append(False)
            else:
                taken.append(True)
        known = {
            tenant: [
                (found.status, len(found.facts))
                for remote_id in remote_ids
                for found in [self.esign.get(f"env_{tenant}_{remote_id}{day}")]
            ]
            for tenant, remote_ids in OWNS.items()
        }
        return known, taken


@pytest.fixture
def office(sender: Sender) -> Iterator[Office]:
    """At each vendor."""
    office = Office(sender)
    yield office
    office.esign.close()


def _sent(esign: Esign, tenant: str, provider: str, remote_id: str) -> None:
    draft = EnvelopeDraft.model_validate(
        {"title": remote_id, "template": "lease", "signers": [{"name": "Jo", "email": "j@x.dk"}]}
    )
    envelope = Envelope(
        f"env_{tenant}_{remote_id}",
        tenant,
        provider,
        remote_id,
        seats=seats_of(draft),
        tenant=tenant,
        key=remote_id,
        outcome=Outcome.UNCERTAIN,
        created_at=utc_now(),
    )
    jo = SignerSnapshot("9", "Jo", status=SignerStatus.NOTIFIED)
    found = Snapshot(remote_id, EnvelopeStatus.SENT, signers=(jo,))
    workspace = esign._workspace
    workspace.journal.write(lambda tx: tx.envelopes.add_intent(Intent(envelope, "", {})))
    workspace.journal.write(
        lambda tx: record_snapshot(workspace, tx, envelope.id, found, Source.REPLY)
    )


def posts_of(sender: Sender) -> st.SearchStrategy[list[Post]]:
    """Anything that anybody may sign and send anywhere."""
    post = st.builds(
        Post,
        to=st.sampled_from(list(TENANTS)),
        signed_by=st.sampled_from([*TENANTS.values(), STRANGER]),
        about=st.sampled_from([BOTH, OF_ANN, OF_BOB, NOBODYS]),
        event=st.sampled_from(EVENTS[sender.provider]),
        number=st.integers(0, 5),
    )
    return st.lists(post, max_size=12)


@pytest.mark.promise("A8")
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_tenant_knows_only_what_its_own_secret_signed(office: Office, data: st.DataObject) -> None:
    """Whatever the other one does with a good signature of its own: nothing here is different.

    What a tenant knows at the end is what it would know had nobody else sent anything.
    """
    posts = data.draw(posts_of(office.sender))
    known, taken = office.hear(posts)
    assert taken == [post.is_rightful for post in posts]
    for tenant in TENANTS:
        own = [post for post in posts if post.to == tenant and post.is_rightful]
        assert known[tenant] == office.hear(own)[0][tenant]


@pytest.mark.promise("A8")
def test_same_id_in_two_accounts_is_two_envelopes(office: Office) -> None:
    """The rightful delivery of one moves one: the test above is not of things that never move."""
    nothing, _ = office.hear([])
    known, taken = office.hear([Post("ann", TENANTS["ann"], BOTH, "completed", 1)])
    assert taken == [True]
    assert known["ann"] != nothing["ann"]
    assert known["bob"] == nothing["bob"]


@pytest.mark.negative_control("A8")
def test_one_secret_for_both_would_not_do(sender: Sender) -> None:
    """With a shared secret, what Bob's account signs would be good at Ann's."""
    of_bob = Post("ann", TENANTS["bob"], BOTH, "completed", 1).make(sender)
    shared = {"provider": sender.provider, "webhook_secrets": [TENANTS["bob"]]}
    shared |= sender.settings()
    with Esign({"ann": shared, "bob": shared}, journal="sqlite://") as esign:
        assert esign.receive("ann", of_bob).is_new

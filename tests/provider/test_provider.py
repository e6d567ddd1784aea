from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotSupported, UnmappedTemplate
from esign_core.model import (
    Artifact,
    ArtifactKind,
    Authenticity,
    EnvelopeStatus,
    Job,
    Query,
    Snapshot,
    Verified,
    WebhookRequest,
)
from esign_core.provider import (
    OPTIONAL_OPERATIONS,
    Provider,
    Request,
    Response,
    Webhooks,
    utc_now,
)
from esign_core.testing import replay, reply

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class QuietWebhooks(Webhooks):
    """The least that this facet has."""

    def verify(self, request: Any, secrets: Any, now: Any) -> Verified:
        return Verified(Authenticity.NONE)

    def parse(self, request: Any) -> tuple[()]:
        return ()


def test_the_least_provider_works(acme: Provider[Any], make_draft: Callable[..., Any]) -> None:
    """Four operations and its hosts; everything else has an answer."""
    sent = replay(acme.send(make_draft()), [reply({})])
    assert sent.requests == (Request("POST", "/envelopes", json={"title": "Lease 14"}),)
    assert replay(acme.fetch("1"), [reply({})]).answer == Snapshot("1", EnvelopeStatus.SENT)
    file = Artifact(ArtifactKind.SIGNED, "a.pdf", "7")
    found = replay(acme.download(Snapshot("1", EnvelopeStatus.SENT), file), []).answer
    assert "/files/7" in repr(found)
    assert str(acme.explain(Response(500))) == "500."
    assert acme.hosts == {"api": "https://acme.example"}
    assert list(acme.inspect(make_draft())) == []
    assert (acme.webhooks, acme.templates) == (None, None)


def test_an_operation_is_supported_if_it_is_overridden(acme: Provider[Any]) -> None:
    """Nothing else has to be declared."""
    assert [name for name in OPTIONAL_OPERATIONS if acme.supports(name)] == ["cancel"]
    assert not acme.supports("grant")
    base = {name for name, _ in inspect.getmembers(Provider, inspect.isfunction)}
    assert set(OPTIONAL_OPERATIONS) <= base


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda p: p.poll(Job({})), "acme cannot wait for an envelope"),
        (lambda p: p.dispatch("1"), "acme cannot send in a second step an envelope"),
        (lambda p: Provider.cancel(p, "1", reason="x"), "acme cannot cancel an envelope"),
        (lambda p: p.remind("1", signer="2"), "acme cannot remind signers of an envelope"),
        (lambda p: p.list_envelopes(Query()), "acme cannot list an envelope"),
        (lambda p: p.find("m", NOW), "acme cannot look up an envelope"),
        (lambda p: p.log("1"), "acme cannot show the log of an envelope"),
        (lambda p: p.probe(), "acme cannot be tried without an envelope"),
        (lambda p: p.grant(), "acme cannot hand out tokens for an envelope"),
    ],
)
def test_what_is_left_out_is_not_supported(
    acme: Provider[Any], call: Callable[[Provider[Any]], object], told: str
) -> None:
    """At once and in words, and not only when the flow is run."""
    with pytest.raises(NotSupported) as caught:
        call(acme)
    assert str(caught.value) == f"{told}: Acme has no such operation."
    assert caught.value.provider == "acme"


def test_links_that_are_not_handed_out_reach_signers_all_the_same(acme: Provider[Any]) -> None:
    """Whoever asks for links learns that nothing is missing: the vendor mails them."""
    with pytest.raises(NotSupported, match=r"no such operation; Acme writes to signers itself\.$"):
        acme.signing_links("1")


def test_requests_are_written_in_a_word(acme: Provider[Any]) -> None:
    """One for each method, with the options of a request."""
    assert acme.get("/a", params={"x": 1}) == Request("GET", "/a", params={"x": 1})
    assert acme.post("/a", json=[1], params={"x": None}, repeatable=True) == Request(
        "POST", "/a", json=[1], params={"x": None}, repeatable=True
    )
    assert acme.put("/a", json={}) == Request("PUT", "/a", json={})
    assert acme.patch("/a", json={}) == Request("PATCH", "/a", json={})
    assert acme.delete("/a", host="files") == Request("DELETE", "/a", host="files")


def test_a_request_needs_no_credentials_unless_the_provider_says(acme: Provider[Any]) -> None:
    """It goes out as it is."""
    request = Request("GET", "/a")
    assert acme.authorize(request, None) is request


def test_the_clock_is_given(acme: Provider[Any]) -> None:
    """A provider asks nobody else for the time; by default it is the real one, in UTC."""
    frozen = type(acme)(acme.settings, clock=lambda: NOW)
    assert frozen.now() == NOW
    before = utc_now()
    assert before <= acme.now() <= utc_now()
    assert before.tzinfo is UTC


def test_a_template_is_looked_up_in_the_settings(
    make_acme: Callable[..., Provider[Any]], make_draft: Callable[..., Any]
) -> None:
    """By its neutral name; a wrong one is answered with those that there are."""
    acme = make_acme(templates={"lease": {"id": "1"}, "sale": {"id": "2"}})
    assert acme.template_of(make_draft(template="sale")).id == "2"
    with pytest.raises(
        UnmappedTemplate, match=r'"loan" is not mapped here \(mapped: lease, sale\)'
    ):
        acme.template_of(make_draft(template="loan"))


def test_webhooks_that_cannot_be_set_up_say_how(acme: Provider[Any]) -> None:
    """Every part of the facet that a vendor lacks has its words."""
    webhooks = QuietWebhooks()
    for call in (
        lambda: webhooks.subscribe("https://example.com"),
        lambda: webhooks.unsubscribe("1"),
        webhooks.subscriptions,
    ):
        with pytest.raises(NotSupported, match=r"set them up with the vendor$"):
            call()
    with pytest.raises(NotSupported, match="need no confirmation"):
        webhooks.confirm("1", "token")
    with pytest.raises(NotSupported, match="no test delivery"):
        webhooks.test("1")
    assert webhooks.confirmation_token(WebhookRequest({}, b"")) is None

"""Whatever comes instead of a delivery: refused with a code that stays, or kept and harmless."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esign_core import Esign, WebhookRejected
from esign_core.journal import DeliveryState
from tests.promises.hostile.malformed import BODIES, cases
from tests.promises.hostile.receiving import Receiving
from tests.promises.hostile.senders import SENDERS, Sender, Sent

CODES = frozenset(re.findall(r"`(\w+)`", (WebhookRejected.__doc__ or "").split("Reasons:")[1]))
"""The codes that the class itself tells of."""


def refused(esign: Esign, sender: Sender, sent: Sent) -> str:
    """Why a delivery is refused.

    Raises:
        AssertionError: It is not.
    """
    with pytest.raises(WebhookRejected) as caught:
        esign.receive(sender.provider, sent.request)
    assert caught.value.reason in CODES
    return caught.value.reason


def test_table_is_long_enough() -> None:
    """Every vendor has at least sixty ways to go wrong."""
    for sender in SENDERS.values():
        assert len({str(case) for case in cases(sender)}) >= 60


def test_what_the_table_spoils_was_good(esign: Esign, sender: Sender) -> None:
    """A delivery that nobody has touched is taken: it is the change that is refused below."""
    assert esign.receive(sender.provider, sender.good().request).is_new


@pytest.mark.promise("A1", "A4")
def test_malformed_delivery_is_refused_with_its_code(esign: Esign, sender: Sender) -> None:
    """Each case by the code that the table says; nothing of it is left but a count."""
    wanted = {str(case): case.reason for case in cases(sender)}
    found = {str(case): refused(esign, sender, case.make(sender)) for case in cases(sender)}
    assert found == wanted
    journal = esign._workspace.journal
    assert journal.read(lambda tx: (tx.inbox.list(), tx.work.list(), tx.stream.read())) == (
        [],
        [],
        [],
    )
    assert sum(esign.rejected.values()) == len(wanted)


@pytest.mark.promise("A1", "A4")
async def test_receiver_answers_malformed_deliveries_with_4xx(
    receiving: Receiving, sender: Sender
) -> None:
    """The same over HTTP: 401, or 413 for what is too large, with the code in the body."""
    wanted = {str(case): case.over_http or (401, case.reason) for case in cases(sender)}
    found = {str(case): await receiving.post(case.make(sender)) for case in cases(sender)}
    assert found == wanted
    assert receiving.inbox() == []


@pytest.mark.promise("A1")
@pytest.mark.parametrize(
    "endpoint",
    ["", "nobody", "{0}x", "..", "%2e%2e", "{0}%00", "{0}\x00", "{0}?", "{0};", "{0}\\", "é",
     "\ud800", "a" * 100_000, "{0}\n"],
)  # fmt: skip
async def test_authentic_delivery_to_no_address_is_404(
    receiving: Receiving, sender: Sender, endpoint: str
) -> None:
    """A good signature opens no other door, and what there is nobody is told."""
    there = endpoint.format(sender.provider)
    assert await receiving.post(sender.good(), endpoint=there) == (404, "unknown_endpoint")
    assert receiving.inbox() == []


@pytest.mark.promise("A1", "R8")
async def test_authentic_body_that_is_none_is_kept(receiving: Receiving, sender: Sender) -> None:
    """With a good signature it is the vendor's own: answered 204, kept as it came, of no effect."""
    for number, (what, body) in enumerate(BODIES.items()):
        sent = replace(sender, event_id=f"e{number}").sign(body(sender.body()))
        assert await receiving.post(sent) == (204, None), what
        kept = receiving.inbox()[0]
        assert kept.request.body == sent.body, what
        harmless = {DeliveryState.UNREADABLE, DeliveryState.EMPTY, DeliveryState.WAITING}
        assert kept.state in harmless, what
    assert len(receiving.inbox()) == len(BODIES)


ANY_BYTES = st.binary(max_size=200)
QUICKLY = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.promise("A1")
@QUICKLY
@given(body=ANY_BYTES, signature=ANY_BYTES)
def test_any_bytes_are_refused(esign: Esign, sender: Sender, body: bytes, signature: bytes) -> None:
    """Whatever they are, as body and as signature."""
    refused(esign, sender, sender.good().saying(body).having(sender.signature, signature))


@st.composite
def mutations(draw: st.DrawFn) -> list[tuple[float, int, bytes]]:
    """Cuts and insertions: where, how much goes, and what comes instead."""
    edit = st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8))
    return draw(st.lists(edit, min_size=1, max_size=4))


@pytest.mark.promise("A1", "A4")
@QUICKLY
@given(edits=mutations(), where=st.sampled_from(["body", "signature", "covered"]))
def test_any_mutation_of_a_good_delivery_is_refused(
    esign: Esign, sender: Sender, edits: list[tuple[float, int, bytes]], where: str
) -> None:
    """Of its body, its signature, or a header that it covers."""
    good = sender.good()
    header = sender.covered[0] if where == "covered" and sender.covered else sender.signature
    before = good.headers[header] if where != "body" else good.body
    assert isinstance(before, bytes)
    after = before
    for at, gone, new in edits:
        start = int(at * len(after))
        after = after[:start] + new + after[start + gone :]
    if after == before:
        return
    refused(esign, sender, good.saying(after) if where == "body" else good.having(header, after))

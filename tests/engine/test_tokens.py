"""Tokens: asked for once however many want one, renewed once when refused."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import MemoryTokens, call
from esign_core.engine.tokens import EARLY, Failures, is_good
from esign_core.errors import (
    AuthenticationFailed,
    BrokenProvider,
    EsignError,
    Outcome,
    Refused,
    Unavailable,
)
from esign_core.provider import Flow, Request, Response, Token

if TYPE_CHECKING:
    from tests.engine.conftest import Granter, Heard, Vendor, Way

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GET = Request("GET", "/things")
POST = Request("POST", "/things", json={"a": 1})
MANY = 20


def one(request: Request) -> Flow[Response]:
    """A flow of one request."""
    return (yield request)


@pytest.mark.parametrize(
    ("token", "refused", "good"),
    [
        (None, None, False),
        (Token("t"), None, True),
        (Token("t"), Token("t"), False),
        (Token("t"), Token("older"), True),
        (Token("t", NOW + EARLY + timedelta(seconds=1)), None, True),
        (Token("t", NOW + EARLY), None, False),
        (Token("t", NOW - timedelta(hours=1)), None, False),
    ],
)
def test_a_token_is_good_until_shortly_before_its_end(
    token: Token | None,
    refused: Token | None,
    good: bool,  # noqa: FBT001 - a table
) -> None:
    """And unless the vendor has refused it."""
    assert is_good(token, NOW, refused=refused) is good


def test_tokens_are_kept_by_connection() -> None:
    """One account's token is not another's."""
    tokens = MemoryTokens()
    tokens.put("one", Token("a"))
    assert (tokens.get("one"), tokens.get("two")) == (Token("a"), None)
    assert "a" not in repr(tokens)


def test_one_token_serves_many_requests(way: Way, vendor: Vendor, granter: Granter) -> None:
    """It is asked for with the first request, and kept."""
    session = way.session(vendor, tokens=True)
    for _ in range(3):
        way.ask(session, POST)
    assert (granter.handed_out, vendor.count("/things")) == (1, 3)


def test_many_at_once_ask_for_one_token(way: Way, vendor: Vendor, granter: Granter) -> None:
    """Twenty threads, or twenty tasks: one grant."""
    session = way.session(vendor, tokens=True)
    answers = way.run_all([call(session, one(POST), operation="request") for _ in range(MANY)])
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [200] * MANY
    assert (granter.handed_out, vendor.count("/things")) == (1, MANY)


def test_many_at_once_renew_one_token(way: Way, vendor: Vendor, granter: Granter) -> None:
    """A token that the vendor has forgotten is renewed once for all that were refused with it."""
    session = way.session(vendor, tokens=True)
    session.tokens.put(session.name, Token("forgotten"))
    answers = way.run_all([call(session, one(POST), operation="request") for _ in range(MANY)])
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [200] * MANY
    assert granter.handed_out == 1
    assert vendor.count("/things") <= 2 * MANY


def test_a_token_near_its_end_is_not_used(way: Way, vendor: Vendor, granter: Granter) -> None:
    """It could end on the way."""
    now = [NOW]
    session = way.session(vendor, tokens=True, clock=lambda: now[0])
    way.ask(session, GET)
    now[0] += timedelta(seconds=600) - EARLY
    way.ask(session, GET)
    assert [heard.headers.get("x-auth-token") for heard in vendor.heard] == [None, "t1", None, "t2"]


def test_a_refused_request_goes_again_once(way: Way, vendor: Vendor, granter: Granter) -> None:
    """A refusal of credentials proves that nothing was done: any request goes again."""
    session = way.session(vendor, tokens=True)
    session.tokens.put(session.name, Token("forgotten"))
    assert way.ask(session, POST).status == 200
    sent = [heard for heard in vendor.heard if heard.target == "/things"]
    assert [heard.headers["x-auth-token"] for heard in sent] == ["forgotten", "t1"]
    assert sent[0].body == sent[1].body == b'{"a":1}'


def test_a_second_refusal_is_an_error(way: Way, vendor: Vendor) -> None:
    """One renewal, not a loop."""

    def answer(heard: Heard) -> bytes:
        return vendor.reply(200, b'{"token": "t"}') if heard.target == "/token" else no

    no = vendor.reply(401, b"still not you")
    vendor.answer = answer
    with pytest.raises(AuthenticationFailed, match="still not you") as caught:
        way.ask(way.session(vendor, tokens=True), POST)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert (vendor.count("/things"), vendor.count("/token")) == (2, 2)


@pytest.mark.parametrize("tokens", [False, True])
def test_a_refusal_where_nothing_can_be_renewed_is_an_error(
    way: Way,
    vendor: Vendor,
    tokens: bool,  # noqa: FBT001 - both of it
) -> None:
    """Keys that are sent themselves cannot be renewed; requests without credentials neither."""
    vendor.answers(vendor.reply(401, b"who are you"))
    request = Request("POST", "/things", auth=not tokens)
    with pytest.raises(AuthenticationFailed):
        way.ask(way.session(vendor, tokens=tokens), request)
    assert [heard.target for heard in vendor.heard] == ["/things"]


# --- grants that fail ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "grants"), [(400, Refused, 1), (401, AuthenticationFailed, 1),
    (503, Unavailable, 5)]
)  # fmt: skip
def test_a_grant_that_fails_leaves_nothing_open(
    way: Way, vendor: Vendor, status: int, kind: type[EsignError], grants: int
) -> None:
    """Nobody was asked to sign; the error is the vendor's, told of the operation."""
    vendor.answers(vendor.reply(status, b"no token for you"))
    with pytest.raises(kind, match="acme-eu did not send") as caught:
        way.ask(way.session(vendor, tokens=True), POST, operation="send")
    assert caught.value.outcome is Outcome.NOT_DONE
    assert [heard.target for heard in vendor.heard] == ["/token"] * grants


def test_those_who_wait_share_a_failure(way: Way, vendor: Vendor) -> None:
    """Wrong credentials are shown once, and a vendor that is down holds nobody up in turn."""
    never = threading.Event()

    def answer(_heard: Heard) -> bytes:
        never.wait(0.3)  # slowly, so that the others come meanwhile
        return vendor.reply(401, b"wrong secret")

    vendor.answer = answer
    session = way.session(vendor, tokens=True)
    tasks = [call(session, one(POST), operation=f"op-{i}") for i in range(MANY)]
    errors = way.run_all(tasks)
    assert all(isinstance(error, AuthenticationFailed) for error in errors)
    assert vendor.count("/token") < MANY / 2
    assert {error.operation for error in errors if isinstance(error, EsignError)} == {
        f"op-{i}" for i in range(MANY)
    }


def test_a_failure_is_not_remembered(way: Way, vendor: Vendor, granter: Granter) -> None:
    """Who comes after a failure asks anew."""
    vendor.answers(vendor.reply(401, b"wrong secret"))
    session = way.session(vendor, tokens=True)
    with pytest.raises(AuthenticationFailed):
        way.ask(session, POST)
    vendor.answer = granter.answer
    assert way.ask(session, POST).status == 200


def test_shared_failures_are_each_their_own() -> None:
    """What is written on one copy, where it happened and notes, is not on another."""
    failures = Failures()
    failures.expect_none_since(0)
    failures.add(AuthenticationFailed("no"))
    caught: list[EsignError] = []
    for name in ("one", "two"):
        with pytest.raises(AuthenticationFailed) as info:
            failures.expect_none_since(0)
        info.value.locate(connection=name).add_note(name)
        caught.append(info.value)
    assert [(e.connection, e.__notes__) for e in caught] == [("one", ["one"]), ("two", ["two"])]
    failures.expect_none_since(1)


def asking(request: Request) -> Any:
    """A grant that makes a request and hands out a token."""

    def grant() -> Flow[Token]:
        yield request
        return Token("t")

    return grant


def answering(answer: Any) -> Any:
    """A grant that hands out whatever it is given."""

    def grant() -> Flow[Any]:
        yield from ()
        return answer

    return grant


def raising() -> Flow[Token]:
    """A grant that is no flow and raises."""
    raise KeyError("canary")


@pytest.mark.promise("D10")
@pytest.mark.parametrize(
    ("grant", "what"),
    [
        (asking(Request("POST", "/token")), "must ask with auth=False"),
        (answering("t"), "answered str, not Token"),
        (answering(None), "answered NoneType, not Token"),
        (answering(Token("t", datetime(2026, 1, 1))), "no time zone"),  # noqa: DTZ001 - it is wrong
        (lambda: None, "answered NoneType, not a flow"),
        (raising, "KeyError in acme.grant"),
    ],
    ids=["waits for itself", "text", "nothing", "naive", "no flow", "raises"],
)
def test_a_broken_grant_is_named(
    way: Way, vendor: Vendor, grant: Any, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither waits for itself for ever nor gets into the store."""
    session = way.session(vendor, tokens=True)
    monkeypatch.setattr(session.provider, "grant", grant)
    with pytest.raises(BrokenProvider, match=what):
        way.ask(session, POST)
    assert session.tokens.get(session.name) is None
    assert vendor.connections == 0


def test_tokens_are_in_no_repr(way: Way, vendor: Vendor) -> None:
    """A session can be logged."""
    session = way.session(vendor, tokens=True)
    session.tokens.put(session.name, Token("canary"))
    assert "canary" not in repr(session)
    assert json.dumps(repr(session))


@pytest.mark.promise("S2")
@pytest.mark.parametrize("status", [400, 401, 403, 408, 500, 503])
def test_only_a_plain_refusal_of_credentials_is_asked_again(
    sync_way: Way,
    vendor: Vendor,
    granter: Granter,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    """What broke may have been done, whatever the adapter makes of its words."""

    def answer(heard: Heard) -> bytes:
        is_grant = heard.target == "/token"
        return granter.answer(heard) if is_grant else vendor.reply(status, b"who are you")

    vendor.answer = answer
    session = sync_way.session(vendor, tokens=True)
    refused = AuthenticationFailed
    monkeypatch.setattr(session.provider, "explain", lambda _: refused("who are you"))
    with pytest.raises(AuthenticationFailed) as caught:
        sync_way.ask(session, POST)
    is_plain = status in {400, 401, 403}
    assert vendor.count("/things") == (2 if is_plain else 1)
    assert caught.value.outcome is (Outcome.NOT_DONE if is_plain else Outcome.UNCERTAIN)

"""Sessions whose tokens are shared: memory first, then what the other processes have."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from esign_core.engine import Lease, Session, Wanted, call
from esign_core.engine.sharing import account_of
from esign_core.errors import AuthenticationFailed, Outcome, SecretsLocked
from esign_core.journal import Journal, JournalTokens, Vault
from esign_core.journal.vault import new_key
from esign_core.provider import Flow, ProviderSettings, Request, Response, Token

if TYPE_CHECKING:
    from tests.engine.conftest import Granter, Heard, Vendor, Way

GET = Request("GET", "/things")
MANY = 20


def one(request: Request) -> Flow[Response]:
    """A flow of one request."""
    return (yield request)


@dataclass
class Shelf:
    """The store in a journal in memory, which notes who asked for what, and on which thread."""

    store: JournalTokens
    asked: list[str] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)
    error: Exception | None = None

    def claim(self, wanted: Wanted) -> Token | Lease | None:
        self._note("claim")
        return self.store.claim(wanted)

    def put(self, wanted: Wanted, lease: Lease | None, token: Token) -> None:
        self._note("put")
        self.store.put(wanted, lease, token)

    def give_up(self, lease: Lease) -> None:
        self._note("give up")
        self.store.give_up(lease)

    def _note(self, what: str) -> None:
        self.asked.append(what)
        self.threads.add(threading.current_thread())
        if self.error is not None:
            raise self.error


@pytest.fixture
def shelf() -> Generator[Shelf]:
    """Where tokens are shared."""
    journal = Journal("sqlite://", Vault([SecretStr(new_key())]))
    yield Shelf(JournalTokens(journal))
    journal.close()


def opened(way: Way, vendor: Vendor, shelf: Shelf) -> Session:
    """An account of one process."""
    return replace(way.session(vendor, tokens=True), token_store=shelf)


def left(session: Session, shelf: Shelf, value: str) -> None:
    """Another process has left a token that looks good."""
    now = datetime.now(UTC)
    wanted = Wanted(session.name, account_of(session.provider), None, now)
    shelf.store.put(wanted, None, Token(value, now + timedelta(hours=1)))


def shown(vendor: Vendor) -> list[str | None]:
    """The tokens that came with requests, in their order."""
    return [heard.headers.get("x-auth-token") for heard in vendor.heard if heard.target != "/token"]


def test_a_good_token_in_memory_asks_nobody_else(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """The store is asked once, not for every request."""
    session = opened(way, vendor, shelf)
    for _ in range(5):
        way.ask(session, GET)
    assert shelf.asked == ["claim", "put"]
    assert granter.handed_out == 1


def test_what_another_process_has_is_used(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """No grant, and no second question."""
    granter.handed_out = 7
    session = opened(way, vendor, shelf)
    left(session, shelf, "t7")
    way.ask(session, GET)
    way.ask(session, GET)
    assert (shown(vendor), granter.handed_out) == (["t7", "t7"], 7)
    assert shelf.asked == ["claim"]


def test_a_token_that_was_renewed_elsewhere_is_found(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """The one in memory is refused; nobody takes the new one away by asking for another."""
    granter.handed_out = 7
    session = opened(way, vendor, shelf)
    session.tokens.put(session.name, Token("t6"))
    left(session, shelf, "t7")
    way.ask(session, GET)
    assert (shown(vendor), granter.handed_out) == (["t6", "t7"], 7)


def test_what_another_process_has_may_be_dead_too(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """The vendor has forgotten every token: then one is asked for, for the same request."""
    session = opened(way, vendor, shelf)
    session.tokens.put(session.name, Token("dead"))
    left(session, shelf, "dead as well")
    assert way.ask(session, GET).status == 200
    assert (shown(vendor), granter.handed_out) == (["dead", "dead as well", "t1"], 1)


def test_credentials_that_stay_refused_are_an_error(way: Way, vendor: Vendor, shelf: Shelf) -> None:
    """After one token of another process and one of our own: no loop."""

    def answer(heard: Heard) -> bytes:
        return vendor.reply(200, b'{"token": "t"}') if heard.target == "/token" else no

    no = vendor.reply(401, b"still not you")
    vendor.answer = answer
    session = opened(way, vendor, shelf)
    session.tokens.put(session.name, Token("dead"))
    left(session, shelf, "dead as well")
    with pytest.raises(AuthenticationFailed, match="still not you") as caught:
        way.ask(session, GET)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert (vendor.count("/things"), vendor.count("/token")) == (3, 1)


def test_many_at_once_ask_the_store_once(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """As they ask the vendor."""
    session = opened(way, vendor, shelf)
    tasks = [call(session, one(GET), operation="request") for _ in range(MANY)]
    assert [a.status for a in way.run_all(tasks) if isinstance(a, Response)] == [200] * MANY
    assert (granter.handed_out, shelf.asked) == (1, ["claim", "put"])


def test_the_store_is_asked_off_the_event_loop(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """A database holds up whoever waits for it, and nobody else."""
    way.ask(opened(way, vendor, shelf), GET)
    assert granter.handed_out == 1
    is_here = threading.current_thread() in shelf.threads
    assert is_here is (way.name == "sync")


def test_a_token_that_no_key_opens_stops_the_request(
    way: Way, vendor: Vendor, granter: Granter, shelf: Shelf
) -> None:
    """Before anything is asked of the vendor; with the right key it goes on."""
    session = opened(way, vendor, shelf)
    shelf.error = SecretsLocked("token/acme-eu is sealed")
    with pytest.raises(SecretsLocked) as caught:
        way.ask(session, Request("POST", "/things", json={}))
    assert caught.value.outcome is Outcome.NOT_DONE
    assert (vendor.heard, granter.handed_out) == ([], 0)
    shelf.error = None
    assert way.ask(session, GET).status == 200


class Settings(ProviderSettings):
    """An account."""

    user: str = "jane"
    key: SecretStr = SecretStr("one")


def account(way: Way, vendor: Vendor, **settings: Any) -> str:
    """What tells an account from others."""
    provider = way.session(vendor, tokens=True).provider
    provider.settings = Settings(**settings)
    return account_of(provider)


def test_a_token_belongs_to_credentials_not_to_a_name(sync_way: Way, vendor: Vendor) -> None:
    """A connection may be given another account; what is the same account stays so."""
    told = partial(account, sync_way, vendor)
    assert told() == told(webhook_secrets=["a-webhook-secret"], accept_unsigned=True)
    assert len({told(), told(user="bo"), told(key="two")}) == 3

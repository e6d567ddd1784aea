"""What no error tells, whatever a vendor says and an adapter passes on."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from esign_core.engine import call, explain
from esign_core.errors import EsignError, Problem, Refused
from esign_core.model import Value
from esign_core.provider import Flow, ProviderSettings, Request, Response, Token
from tests.engine.conftest import Acme

if TYPE_CHECKING:
    from tests.engine.conftest import Heard, Vendor, Way

POST = Request("POST", "/things", json={"a": 1})
SECRETS = ("key-canary", "store-canary", "deep-canary", "hook-canary", "other-hook-canary")


class _Deep(Value):
    pin: SecretStr = SecretStr("deep-canary")


class _Settings(ProviderSettings):
    api_key: SecretStr = SecretStr("key-canary")
    short: SecretStr = SecretStr("abc")
    storage: Mapping[str, SecretStr] = {"k": SecretStr("store-canary")}
    deep: tuple[_Deep, ...] = (_Deep(),)
    webhook_secrets: tuple[SecretStr, ...] = (
        SecretStr("hook-canary"),
        SecretStr("other-hook-canary"),
    )


class _Quoting(Acme):
    """An adapter that passes on all that the vendor says."""

    def explain(self, response: Response) -> EsignError:
        said = response.text()
        return Refused(said, problems=[Problem(said, said)], raw={said: [said, 7]})


def _provider() -> _Quoting:
    return _Quoting(_Settings(), {}, lambda: datetime.now(UTC))


@pytest.mark.promise("D1")
@pytest.mark.parametrize("secret", [*SECRETS, "token-canary"])
def test_our_own_credentials_are_quoted_to_nobody(secret: str) -> None:
    """Every secret of the settings, however deep, and the token: in message, problems and raw."""
    response = Response(400, content=f"abc: {secret} and {secret.upper()} are no good".encode())
    error = explain(_provider(), POST, response, Token("token-canary"))
    for text in (str(error), repr(error), repr(error.problems), repr(error.raw)):
        assert "canary" not in text.casefold()
    assert error.message == "abc: [...] and [...] are no good"
    assert secret.encode() not in pickle.dumps(error)


@pytest.mark.promise("D1")
def test_token_that_was_sent_is_quoted_to_nobody(sync_way: Way, vendor: Vendor) -> None:
    """The vendor repeats the header that it did not like."""

    def answer(heard: Heard) -> bytes:
        if heard.target == "/token":
            return vendor.reply(200, b'{"token": "token-canary"}')
        return vendor.reply(400, f"bad: {heard.headers['x-auth-token']}".encode())

    vendor.answer = answer
    with pytest.raises(Refused) as caught:
        sync_way.ask(sync_way.session(vendor, tokens=True), POST)
    assert caught.value.message == "bad: [...]"


@pytest.mark.promise("D8")
@pytest.mark.parametrize("char", ["\n", "\x1b", "\u2028", "\u202e"])
def test_every_vendors_words_stay_on_one_line(sync_way: Way, vendor: Vendor, char: str) -> None:
    """Whether an adapter explains an answer or raises what it read in a good one."""
    said = f"no{char}INFO all is well"
    explained = explain(_provider(), POST, Response(400, content=said.encode()))

    def flow() -> Flow[Any]:
        yield POST
        raise Refused(said, problems=[Problem(said, said)])

    with pytest.raises(Refused) as caught:
        sync_way.run(call(sync_way.session(vendor), flow(), operation="request"))
    for error in (explained, caught.value):
        assert error.message == "no INFO all is well"
        assert str(error).isprintable()
        assert all(str(problem).isprintable() for problem in error.problems)

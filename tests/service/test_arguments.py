"""What a caller gives to a verb and cannot mean: told in the library's own words, with no harm."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import Misconfigured, Outcome
from esign_core.model import Document, EnvelopeDraft, Signer, WebhookRequest
from esign_core.provider import Registry
from esign_core.service import AsyncEsign, Esign
from esign_core.testing import FakeVendor

DRAFT = EnvelopeDraft(
    title="Lease 14",
    documents=[Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")],
    signers=[Signer(name="Jane Doe", email="jane@example.com")],
)
TEXT_BODY: Any = "{}"
ABOUT_ONE = ("get", "fetch", "cancel", "remind", "signing_links")
BAD: list[tuple[str, list[Any], dict[str, Any], str]] = [
    *((verb, [5], {}, "envelope_id must be text, not int") for verb in ABOUT_ONE),
    *((verb, [["a"]], {}, "envelope_id must be text, not list") for verb in ABOUT_ONE),
    *((verb, ["a\0b"], {}, "envelope_id must be text without NUL") for verb in ABOUT_ONE),
    *((verb, ["\ud800"], {}, "envelope_id must be text without NUL") for verb in ABOUT_ONE),
    ("cancel", ["env_1"], {"reason": 5}, "reason must be text, not int"),
    ("remind", ["env_1"], {"signer": 1}, "signer must be text, not int"),
    ("resolve", [None], {"abandon": True}, "envelope_id must be text, not NoneType"),
    ("resolve", ["env_1"], {"adopt": 4711}, "adopt must be text, not int"),
    ("download", [5], {"to": "."}, "envelope_id must be text, not int"),
    ("download", ["env_1"], {"to": 5}, "to must be a path, not int"),
    ("download", ["env_1"], {"to": b"a"}, "to must be a path, not bytes"),
    ("download", ["env_1"], {"to": ".", "kinds": "signed"}, "kinds must be a list of: signed, "),
    ("download", ["env_1"], {"to": ".", "kinds": ["singed"]}, "kinds must be a list of: signed, "),
    ("download", ["env_1"], {"to": ".", "kinds": None}, "kinds must be a list of: signed, "),
    ("send", [DRAFT], {"via": 5, "key": "k"}, "via must be text, not int"),
    ("send", [DRAFT], {"via": ["acme"], "key": "k"}, "via must be text, not list"),
    *(
        (
            "send", [DRAFT], {"via": "acme", "key": "k", "wait": True, "patience_seconds": each},
            "patience_seconds must be a number of seconds from 0 to ",
        )
        for each in ("x", None, True, -1, float("nan"), float("inf"), 2**63)
    ),
    ("preview", [DRAFT], {"via": None, "key": "k"}, "via must be text, not NoneType"),
    ("check", [DRAFT], {"via": b"acme"}, "via must be text, not bytes"),
    ("list", [], {"limit": -1}, "limit must be a whole number from 1 to "),
    ("list", [], {"limit": 2**63}, "limit must be a whole number from 1 to "),
    ("list", [], {"limit": True}, "limit must be a whole number, not bool"),
    ("list", [], {"limit": "10"}, "limit must be a whole number, not str"),
    ("list", [], {"tenant": 5}, "tenant must be text, not int"),
    ("list", [], {"connection": 5}, "connection must be text, not int"),
    ("request", [5, "GET", "/x"], {}, "via must be text, not int"),
    ("request", ["acme", 5, "/x"], {}, "method must be text, not int"),
    ("request", ["acme", "GET", b"/x"], {}, "path must be text, not bytes"),
    ("request", ["acme", "GET", "/x"], {"host": None}, "host must be text, not NoneType"),
    ("request", ["acme", "GET", "/x"], {"params": [1]}, "params must be a mapping, not list"),
    ("receive", ["acme", b"x"], {}, "request must be a WebhookRequest, not bytes"),
    ("receive", [5, WebhookRequest({}, b"{}")], {}, "endpoint must be text, not int"),
    ("receive", ["acme", WebhookRequest({}, TEXT_BODY)], {}, "WebhookRequest must be the bytes"),
    ("erase", [5], {}, "erase takes one e-mail address"),
    ("worker", [], {"n": 0}, " must be a whole number from 1 to 100, not 0"),
    ("worker", [], {"n": 101}, " must be a whole number from 1 to 100, not 101"),
    ("worker", [], {"n": "2"}, " must be a whole number, not str"),
    ("events.read", [], {"after": -1}, "after must be a whole number from 0 to "),
    ("events.read", [], {"after": "1"}, "after must be a whole number, not str"),
    ("events.read", [], {"limit": 0}, "limit must be a whole number from 1 to "),
    ("events.read", [], {"limit": 1.5}, "limit must be a whole number, not 1.5"),
    ("events.read", [], {"envelope_id": 5}, "envelope_id must be text, not int"),
    ("events.follow", [5], {"forever": False}, "a consumer's name is up to 100 letters"),
    ("events.batches", ["a"], {"size": True}, "size must be a whole number, not bool"),
    ("events.batches", ["a"], {"size": "9"}, "size must be a whole number, not str"),
    ("inbox.get", ["a"], {}, "delivery_id must be a whole number, not str"),
    ("inbox.get", [2**63], {}, "delivery_id must be a whole number from 1 to "),
    ("inbox.replay", ["a"], {}, "delivery_id must be a whole number, not str"),
    ("inbox.list", [], {"limit": -1}, "limit must be a whole number from 1 to "),
    ("inbox.list", [], {"before": True}, "before must be a whole number, not bool"),
    ("inbox.list", [], {"connection": 5}, "connection must be text, not int"),
    ("inbox.list", [], {"envelope_id": 5}, "envelope_id must be text, not int"),
    ("inbox.drop_raw", [30], {}, "older_than must be a timedelta, not int"),
    ("work.list", [], {"limit": "9"}, "limit must be a whole number, not str"),
    ("work.list", [], {"envelope_id": 5}, "envelope_id must be text, not int"),
    ("work.next", [5], {}, "envelope_id must be text, not int"),
    ("work.retry", ["a"], {}, "id_ must be a whole number, not str"),
    ("work.drop", [True], {}, "id_ must be a whole number, not bool"),
    ("events.batches", ["a"], {"size": 0}, "a batch has 1 to 1000 events, not 0"),
]  # fmt: skip


@pytest.fixture
def esign(tmp_path: Path, vendor: FakeVendor, registry: Registry) -> Iterator[Esign]:
    """The verbs, over the vendor in memory."""
    with _opened(Esign, tmp_path, vendor, registry) as opened:
        yield opened


@pytest.fixture
async def async_esign(
    tmp_path: Path, vendor: FakeVendor, registry: Registry
) -> AsyncIterator[AsyncEsign]:
    """The same, awaited."""
    async with _opened(AsyncEsign, tmp_path, vendor, registry) as opened:
        yield opened


def _opened(kind: Any, folder: Path, vendor: FakeVendor, registry: Registry) -> Any:
    journal = f"sqlite:///{folder / 'esign.db'}"
    opened = kind({"acme": {"provider": "fake"}}, journal=journal, registry=registry)
    sessions = opened._workspace._sessions
    sessions["acme"] = replace(sessions["acme"], line=vendor)
    return opened


def _called(esign: Any, verb: str, given: list[Any], options: dict[str, Any]) -> Any:
    """What a verb answers; of a worker, `n` is how many threads, or tasks."""
    for name in verb.split("."):
        esign = getattr(esign, name)
    if "n" in options:
        [name] = inspect.signature(esign).parameters
        options = {name: options["n"]}
    return esign(*given, **options)


async def _awaited(esign: Any, verb: str, given: list[Any], options: dict[str, Any]) -> None:
    answer = _called(esign, verb, given, options)
    _ = await (anext(answer) if inspect.isasyncgen(answer) else answer)


@pytest.mark.parametrize(("verb", "given", "options", "told"), BAD)
def test_what_cannot_be_meant_is_refused(  # noqa: PLR0917 - fixtures
    verb: str,
    given: list[Any],
    options: dict[str, Any],
    told: str,
    esign: Esign,
    vendor: FakeVendor,
) -> None:
    """By name, before a vendor is asked or anything is written."""
    with pytest.raises(Misconfigured) as caught:
        _ = list(islice(_called(esign, verb, given, options), 1))
    _expect_no_harm(caught.value, told, esign, vendor)


@pytest.mark.parametrize(("verb", "given", "options", "told"), BAD)
async def test_what_cannot_be_meant_is_refused_when_awaited(  # noqa: PLR0917 - fixtures
    verb: str,
    given: list[Any],
    options: dict[str, Any],
    told: str,
    async_esign: AsyncEsign,
    vendor: FakeVendor,
) -> None:
    """The same words for the same mistakes."""
    with pytest.raises(Misconfigured) as caught:
        await _awaited(async_esign, verb, given, options)
    _expect_no_harm(caught.value, told, async_esign, vendor)


def _expect_no_harm(
    error: Misconfigured, told: str, esign: Esign | AsyncEsign, vendor: FakeVendor
) -> None:
    assert told in str(error)
    assert error.outcome is Outcome.NOT_DONE
    assert vendor.requests == []
    journal = esign._workspace.journal
    assert journal.read(lambda tx: tx.envelopes.list()) == []
    assert journal.read(lambda tx: tx.inbox.list()) == []


NO_KEYS = "encryption_keys: must be a list of keys"
NO_ADDRESS = "journal: must be an address such as sqlite:///esign.db"
NO_SETTINGS = "connections.a: must be the names of settings with their values"


@pytest.mark.parametrize("kind", [Esign, AsyncEsign])
@pytest.mark.parametrize(
    ("connections", "options", "told"),
    [
        ({}, {"journal": 5}, NO_ADDRESS),
        ({}, {"journal": None}, NO_ADDRESS),
        ({}, {"journal": Path("esign.db")}, NO_ADDRESS),
        ({}, {"encryption_keys": 5}, NO_KEYS),
        ({}, {"encryption_keys": [5]}, NO_KEYS),
        ({}, {"encryption_keys": None}, NO_KEYS),
        ({}, {"archive": ""}, "archive: must be the path of a folder"),
        ({"a": 7}, {}, NO_SETTINGS),
        ({"a": "fake"}, {}, NO_SETTINGS),
        ({"a": {"provider": "fake", 7: 8}}, {}, NO_SETTINGS),
        ({7: {"provider": "fake"}}, {}, "the name of a connection must be text"),
        ({"a": {"provider": "fake", "endpoint": 7}}, {}, "a.endpoint: must be text: the last part"),
    ],
)
def test_what_cannot_be_meant_is_not_opened(
    kind: Any, connections: Any, options: dict[str, Any], told: str, registry: Registry
) -> None:
    """By the setting's name; whatever was given may be a secret, and is not shown."""
    with pytest.raises(Misconfigured, match="Nothing was opened") as caught:
        kind(connections, **options, registry=registry)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("connections", "archive", "told"),
    [(5, None, "connections must be a Mapping"), ({}, 5, "archive must be a path, not int")],
)
def test_an_opening_needs_names_and_paths(connections: Any, archive: Any, told: str) -> None:
    """What is neither is told before anything is opened."""
    with pytest.raises(Misconfigured, match=told):
        _ = Esign(connections, archive=archive)


@pytest.mark.parametrize("path", [5, None, b"esign.toml"])
def test_a_configuration_is_at_a_path(path: Any) -> None:
    """What is none is told before anything is read."""
    with pytest.raises(Misconfigured, match="path must be a path, not"):
        _ = Esign.from_config(path)


def test_long_patience_and_high_limits_can_be_meant(esign: Esign) -> None:
    """What every database and every clock can hold is taken."""
    sent = esign.send(DRAFT, via="acme", key="k", wait=True, patience_seconds=86_400 * 365)
    assert esign.list(limit=2**63 - 1) == (sent,)
    assert esign.events.read(after=2**63 - 1, limit=2**63 - 1) == []

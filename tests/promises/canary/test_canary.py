"""One secret of each kind goes through everything; then all that was written is looked through."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stamina
from pydantic import BaseModel, SecretStr

from esign_core import AsyncEsign, EsignError, WebhookRejected
from esign_core.integrations.serving import create_app
from tests.promises.canary import search as searching
from tests.promises.canary.acts import DOCUMENT, ID_NUMBER, NAME, PERSON, TROUBLES, draft, verbs
from tests.promises.canary.search import Log, Search
from tests.promises.conftest import KINDS as VENDORS
from tests.promises.hostile.malformed import cases
from tests.promises.hostile.receiving import Receiving
from tests.promises.hostile.senders import SECRET, SENDERS
from tests.promises.product import Product
from tests.promises.proxy.faulty import Proxy
from tests.spans import recorded

if TYPE_CHECKING:
    from pathlib import Path

    from esign_core.sandbox import Simulator


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries follow each other at once, nobody waits for a slot, and digests are made quickly."""
    monkeypatch.setattr("esign_core.model.fingerprint._COST", 2)
    monkeypatch.setattr("esign_penneo.provider.PenneoProvider.limits", ())
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


def secrets_of(search: Search, product: Product) -> None:
    """All that there are by now: credentials, tokens, links, handles."""
    settings = product.esign._workspace.session(product.via).provider.settings
    search.add("credential", *_secret_values(settings))
    token = product.esign._workspace.session(product.via).tokens.get(product.via)
    search.add("token", token.value if token is not None else "")
    links = product.control.links()
    search.add("signing link", *links, *(link.rpartition("/")[2] for link in links))
    vendor: Any = product.sandbox.simulation.vendor
    if product.sandbox.name == "penneo":
        for job in vendor._jobs._jobs.values():
            search.add("job handle", job.uuid, job.payload_hash)


def _secret_values(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for _, each in value:
            yield from _secret_values(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _secret_values(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _secret_values(each)


def deliveries(product: Product) -> list[EsignError]:
    """Good ones, forged ones, and authentic ones that cannot be read."""
    errors: list[EsignError] = []
    product.control.settle()
    came = list(product.receiver.received)
    for delivery in came[:20]:
        for body in (delivery.body, delivery.body[:-1], b"\xff" + delivery.body):
            try:
                product.hear(type(delivery)(delivery.headers, body))
            except WebhookRejected as error:
                errors.append(error)
    return errors


BUCKET: dict[str, dict[str, Any]] = {
    "penneo": {},
    "penvio": {"storage_options": {"secret_access_key": "bucket-secret-canary-0123"}},
}
"""Options of a bucket, of which only the address is used where it is a folder."""
KINDS = {
    "penneo": {"credential", "signing link", "identity number", "document", "token", "job handle"},
    "penvio": {"credential", "signing link", "identity number", "document"},
}


@pytest.mark.promise("D1")
@pytest.mark.parametrize("vendor", KINDS)
def test_no_secret_is_in_anything_that_is_written(
    tmp_path: Path, quick_jobs: None, vendor: str
) -> None:
    """Every verb, on every path that an error can take, at DEBUG.

    Logs, spans, errors with all that led to them, reprs, pickles, the journal, files: in none of
    them is a key, a token, a webhook secret, a signing link, a job's handle, an identity number or
    a document; and nobody's name or address is in what is logged or raised.
    """
    search, people, log = Search(), Search(), Log()
    search.add("identity number", ID_NUMBER)
    search.add("document", DOCUMENT.decode().strip())
    people.add("person", PERSON, NAME)
    with (
        VENDORS[vendor](scale=0.01) as simulator,
        Proxy(simulator.base_url) as proxy,
        Product(simulator, tmp_path, **through(proxy, simulator), **BUCKET[vendor]) as product,
        recorded() as spans,
    ):
        alive, errors = everything_done(product, proxy, search, log)
        told = {"logs": log.written.getvalue(), "spans": spans.text, "answers": repr(alive)}
        for place, text in told.items():
            search.look(place, text)
        for failure in errors:
            searching.look_at_error(search, failure)
            people.look("errors", f"{failure} {failure!r} {getattr(failure, '__notes__', '')}")
        people.look("logs", told["logs"] + told["spans"])
        searching.look_at_everything_alive(search)
        searching.look_at_journal(search, product.journal)
        searching.look_at_files(search, product.folder, but="esign.db")
    assert search.found() == {}
    assert people.found() == {}
    assert {kind for kind, values in search.secrets.items() if values} == KINDS[vendor]
    for place in (*told, "errors", "tracebacks", "journal: esign_events.body"):
        assert search.looked(place) > 10_000, place
    assert len(errors) > 60


def through(proxy: Proxy, simulator: Simulator) -> dict[str, Any]:
    """The settings that lead through the proxy."""
    return {
        name: value.replace(proxy.vendor_url, proxy.url)
        for name, value in simulator.connect().items()
        if name in {"base_url", "oauth_url"}
    }


def everything_done(
    product: Product, proxy: Proxy, search: Search, log: Log
) -> tuple[list[object], list[EsignError]]:
    """Each verb in each trouble: what was answered, and what was raised."""
    answers: list[object] = []
    errors: list[EsignError] = []
    numbers = count()
    for trouble in TROUBLES:
        envelope = product.send(f"before-{next(numbers)}", draft(product, "Lease"))
        _ = product.hear_all()
        with trouble.lasting(product, proxy), log.listening():
            for act in verbs(product, envelope.id, f"key-{next(numbers)}"):
                try:
                    answers.append(act())
                except EsignError as error:
                    errors.append(error)
        secrets_of(search, product)
    with log.listening():
        errors += deliveries(product)
        product.work()
    secrets_of(search, product)
    answers += [product.esign.list(), product.events(), product.inbox(), product.todo()]
    return answers, errors


@pytest.mark.promise("D1")
async def test_no_secret_is_in_a_metric(tmp_path: Path) -> None:
    """Whoever posts what to whatever address: there are numbers, codes and names of connections."""
    search = Search()
    search.add("webhook secret", SECRET)
    search.add("address", "an-endpoint-that-nobody-may-know", "a-guess-at-one")
    for sender in SENDERS.values():
        search.add("signature", str(sender.good().headers[sender.signature]))
        settings = {"provider": sender.provider, "webhook_secrets": [SECRET], **sender.settings()}
        settings["endpoint"] = "an-endpoint-that-nobody-may-know"
        journal = f"sqlite:///{tmp_path / sender.provider}.db"
        async with AsyncEsign({"acme": settings}, journal=journal) as esign:
            served = Receiving(esign, settings["endpoint"], create_app(esign))
            assert await served.post(sender.good()) == (204, None)
            for case in cases(sender):
                await served.post(case.make(sender))
                await served.post(case.make(sender), endpoint="a-guess-at-one")
            for place in ("/metrics", "/health", "/ready"):
                search.look(place, await served.get(place))
    assert search.looked("/metrics") > 1000
    assert search.found() == {}


@pytest.mark.negative_control("D1")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_usual_ways_of_writing_tell_all_of_it(simulators: dict[str, Simulator]) -> None:
    """A client as it comes, an error that quotes, a pickle, an address: each is found."""
    secret = "whoever-has-this-link-can-sign-0123456789"
    search, log = Search(), Log()
    search.add("signing link", secret)
    with log.listening(), httpx.Client() as client:
        client.get(f"{simulators['penneo'].base_url}/signing/{secret}")
    search.look("logs", log.written.getvalue())
    with pytest.raises(KeyError) as caught:
        _ = dict[str, str]()[secret]
    searching.look_at_error(search, caught.value)
    searching.look_at_pickle(search, SecretStr(secret))
    search.look("base64", base64.b64encode(secret.encode()))
    search.look("half of it", secret[:25])
    places = ("logs", "errors", "tracebacks", "pickles of SecretStr", "base64", "half of it")
    assert set(search.found()) == {f"signing link in {place}" for place in places}

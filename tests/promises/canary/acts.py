"""Everything that a product does, and everything that can go wrong meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from esign_core import (
    ArtifactKind,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Signer,
)
from tests.engine.conftest import Vendor
from tests.promises.product import PDF, Product
from tests.promises.proxy.faulty import Break, Proxy

ID_NUMBER = "0101704711"
DOCUMENT = b"% what-only-the-parties-may-read\n"
PERSON = "jane.canary@example.com"
NAME = "Jane Canarybird"
HARMLESS = {"penneo": "/api/v1/folders", "penvio": "/esign/templates"}


def draft(product: Product, title: str) -> EnvelopeDraft:
    """With an identity number and a document of one's own, where the vendor takes them."""
    jane: dict[str, Any] = {"name": NAME, "email": PERSON, "role": "tenant"}
    if product.sandbox.name == "penvio":
        return product.draft(title, signers=[Signer(**jane)])
    number: Any = {"method": IdentityMethod.NATIONAL_ID, "country": "DK", "number": ID_NUMBER}
    identity = Identity.model_validate(number)
    document = Document.from_bytes(PDF + DOCUMENT, name="lease.pdf")
    return product.draft(title, signers=[Signer(**jane, identity=identity)], documents=[document])


def verbs(product: Product, envelope_id: str, key: str) -> Iterator[Callable[[], object]]:
    """Each thing that is done with an envelope, one after the other."""
    esign, via, folder = product.esign, product.via, product.folder / "archive"
    wish = draft(product, f"Lease {key}")
    yield lambda: esign.check(wish, via=via, online=True)
    yield lambda: esign.preview(wish, via=via, key=key)
    yield lambda: esign.send(wish, via=via, key=key, wait=True, patience_seconds=5)
    yield lambda: esign.fetch(envelope_id)
    yield lambda: esign.signing_links(envelope_id)
    yield lambda: esign.remind(envelope_id)
    yield lambda: esign.download(envelope_id, to=folder, kinds={ArtifactKind.ORIGINAL})
    yield lambda: esign.request(via, "GET", HARMLESS[product.sandbox.name])
    yield lambda: esign.request(via, "POST", "/nowhere", json={"name": "Lease"})
    yield lambda: esign.resolve(envelope_id, abandon=True)
    yield lambda: esign.cancel(envelope_id, reason="no reason")
    yield lambda: product.work(10)


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong while all of it is done."""

    name: str
    begin: Callable[[Product, Proxy], object]

    @contextmanager
    def lasting(self, product: Product, proxy: Proxy) -> Generator[None]:
        """While this lasts."""
        untouched = proxy.rewrite
        _ = self.begin(product, proxy)
        try:
            yield
        finally:
            proxy.rewrite = untouched
            proxy.faults.clear()
            product.control.clear_faults()


def _of_the_vendor(kind: str, **fields: Any) -> Trouble:
    return Trouble(kind, lambda product, _: product.control.fault(kind, times=None, **fields))


def _of_the_line(what: Break, at: int = 0) -> Trouble:
    name = f"{what} {at}"
    return Trouble(name, lambda _, proxy: proxy.fault(what, times=10_000, at=at))


def _echo(status: int, shape: Callable[[str], object]) -> Trouble:
    """A vendor that says back what it was sent, but for documents: head, credentials, body."""

    def rewrite(request: bytes, _answer: bytes) -> bytes:
        said = shape(request.partition(b"%PDF")[0].decode("utf-8", "replace"))
        body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        kind = "text/html" if isinstance(said, str) else "application/json"
        return Vendor.reply(status, body, Content_Type=kind)

    def begin(_product: Product, proxy: Proxy) -> None:
        proxy.rewrite = rewrite

    return Trouble(f"echo {status}", begin)


def _in_words_of_both(said: str) -> object:
    """An error in each vendor's form at once, with what was sent in every place of it."""
    details = [{"field": "signers[0].email", "message": said}, {"field": said, "message": "x"}]
    error = {"code": "VALIDATION_ERROR", "message": said, "details": details}
    parts = said.split()
    return {
        "error": error,
        "message": said,
        "errors": {"children": {"signers": [said]}, "title": [*parts, said]},
        "status": "error",
        "jobStatus": "failed",
        "errorMessage": said,
        said: said,
        "data": {"message": said, "list": parts},
    }


NO_TROUBLE = Trouble("none", lambda _product, _proxy: None)
TROUBLES = (
    NO_TROUBLE,
    _of_the_vendor("rate_limited", retry_after_seconds=0),
    _of_the_vendor("error_before"),
    _of_the_vendor("error_after"),
    _of_the_vendor("lost_answer"),
    _of_the_line(Break.RESET_BEFORE),
    _of_the_line(Break.CUT_REQUEST, 60),
    _of_the_line(Break.CUT_ANSWER, 30),
    *(_echo(status, _in_words_of_both) for status in (200, 400, 401, 403, 404, 409, 422, 429, 500)),
    *(_echo(status, lambda said: said) for status in (200, 400, 503)),
    _echo(302, lambda said: {"redirect": said}),
)

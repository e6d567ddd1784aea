"""The same table of deliveries for every framework, each over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.journal import DeliveryState
from tests.integrations.accounts import Posted, acme, penvio, penvio_as_its_page_says
from tests.integrations.wire import chunked, post

if TYPE_CHECKING:
    from tests.integrations.conftest import Product

CAP = 1024 * 1024
SPOOLS_FIRST = {"django-asgi"}
"""Django under ASGI writes the whole body to disk before any view is called."""
NEEDS_LENGTH = {"django-wsgiref"}
"""`wsgiref` cannot read a body without `Content-Length`."""
CHUNKED = {"transfer-encoding": "chunked"}

DEEP = b"[" * 100_000 + b"]" * 100_000
SHAPES: dict[str, tuple[Callable[[], Posted], DeliveryState]] = {
    "the vendor in memory": (acme, DeliveryState.WAITING),
    "Penvio": (penvio, DeliveryState.WAITING),
    "Penvio, as its page says": (penvio_as_its_page_says, DeliveryState.WAITING),
    "no JSON": (lambda: acme(b"this is no JSON"), DeliveryState.UNREADABLE),
    "nothing": (lambda: acme(b""), DeliveryState.UNREADABLE),
    "no UTF-8": (lambda: acme(b'{"events": ["\xff\xfe"]}'), DeliveryState.UNREADABLE),
    "too deep": (lambda: acme(DEEP), DeliveryState.UNREADABLE),
    "another shape": (lambda: acme(b'{"events": 7}'), DeliveryState.UNREADABLE),
    "just small enough": (lambda: acme(b"x" * CAP), DeliveryState.UNREADABLE),
}


@pytest.mark.promise("R8", "D4")
@pytest.mark.parametrize("shape", SHAPES)
def test_authentic_delivery_is_kept_once_whatever_it_says(product: Product, shape: str) -> None:
    """2xx, and every byte is on disk by then; the same again is 2xx and adds nothing."""
    make, state = SHAPES[shape]
    posted, before = make(), len(product.inbox())
    for _ in range(2):
        reply = product.deliver(posted)
        assert (reply.status, reply.body) == (204, b"")
    kept = product.inbox()
    assert len(kept) == before + 1
    assert (kept[0].request.body, kept[0].state) == (posted.body, state)


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; charset=utf-16",
        "nonsense",
        "",
    ],
)
def test_content_type_changes_nothing(product: Product, kind: str) -> None:
    """No framework takes the body apart before it is verified: signatures are over raw bytes."""
    posted = acme()
    assert product.deliver(posted, headers={"content-type": kind}).status == 204
    assert product.inbox()[0].request.body == posted.body


def _altered(posted: Posted, body: bytes) -> Posted:
    return Posted(posted.path, posted.headers, body)


FORGED: dict[str, tuple[Callable[[], Posted], str]] = {
    "not signed": (lambda: acme(secret=None), "unsigned"),
    "signed by somebody else": (lambda: acme(secret="guess"), "wrong_signature"),
    "one byte changed": (lambda: _altered(acme(), b"[" + acme().body[1:]), "wrong_signature"),
    "cut": (lambda: _altered(posted := acme(), posted.body[:-1]), "wrong_signature"),
    "longer": (lambda: _altered(posted := acme(), posted.body + b" "), "wrong_signature"),
    "re-encoded": (
        lambda: _altered(posted := acme(), posted.body.decode().encode("utf-16")),
        "wrong_signature",
    ),
    "deep": (lambda: _altered(acme(), DEEP), "wrong_signature"),
    "signed for another vendor": (
        lambda: Posted("/webhooks/k3jx9", acme().headers, acme().body),
        "unsigned",
    ),
    "signature of the wrong form": (
        lambda: penvio_as_its_page_says(signature_prefix="md5="),
        "malformed_signature",
    ),
}


@pytest.mark.promise("A1")
@pytest.mark.parametrize("forgery", FORGED)
def test_forged_delivery_is_401_with_a_stable_code(product: Product, forgery: str) -> None:
    """And leaves nothing behind."""
    make, reason = FORGED[forgery]
    before = len(product.inbox())
    reply = product.deliver(make())
    assert (reply.status, reply.reason) == (401, reason)
    assert reply.headers["content-type"] == "application/json"
    assert len(product.inbox()) == before


@pytest.mark.promise("A1", "R10")
def test_oversized_delivery_is_413_before_its_body_is_sent(product: Product) -> None:
    """What `Content-Length` says is enough."""
    if product.framework in SPOOLS_FIRST:
        reply = product.deliver(acme(b"x" * (CAP + 1)))
    else:
        answer = post(product.port, "/webhooks/acme", {"content-length": "1000000000000"})
        assert answer is not None
        reply = answer
    assert (reply.status, reply.reason) == (413, "too_large")


@pytest.mark.promise("A1", "R10")
def test_endless_delivery_is_413_as_soon_as_it_is_too_large(product: Product) -> None:
    """Without `Content-Length` no more is read than is taken."""
    is_last = product.framework in SPOOLS_FIRST
    pieces = chunked(*[b"x" * 65536] * 18, is_last=is_last)
    reply = post(product.port, "/webhooks/acme", CHUNKED, pieces)
    assert reply is not None
    expected = (411, "length_required") if product.framework in NEEDS_LENGTH else (413, "too_large")
    assert (reply.status, reply.reason) == expected


def test_delivery_without_length_is_kept(product: Product) -> None:
    """HTTP/1.1 lets vendors send pieces; where the web server cannot read those, it is no 2xx."""
    posted, before = acme(), len(product.inbox())
    pieces = chunked(posted.body[:7], posted.body[7:])
    reply = post(product.port, posted.path, {**posted.headers, **CHUNKED}, pieces)
    assert reply is not None
    if product.framework in NEEDS_LENGTH:
        assert (reply.status, reply.reason) == (411, "length_required")
        assert len(product.inbox()) == before
    else:
        assert reply.status == 204
        assert product.inbox()[0].request.body == posted.body


@pytest.mark.promise("A1")
def test_delivery_that_is_cut_short_is_neither_kept_nor_taken_for_a_forgery(
    product: Product,
) -> None:
    """A line that breaks in the middle is no attack, and half a delivery is none."""
    posted, before = acme(), len(product.inbox())
    headers = {**posted.headers, "content-length": str(len(posted.body) + 1)}
    reply = post(product.port, posted.path, headers, [posted.body], ends=True)
    assert reply is None or reply.status == 400
    assert len(product.inbox()) == before
    assert product.deliver(posted).status == 204


@pytest.mark.promise("A1")
@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "1, 1", "+5"])
def test_malformed_length_is_no_2xx(product: Product, length: str) -> None:
    """Refused by the web server, or by us; never read as something else."""
    posted, before = acme(), len(product.inbox())
    headers = {**posted.headers, "content-length": length}
    reply = post(product.port, posted.path, headers, [posted.body], ends=True)
    assert reply is None or 400 <= reply.status < 500
    assert len(product.inbox()) == before


@pytest.mark.promise("A1")
@pytest.mark.parametrize(
    "value", [b"", b"\xff\xfe\x80", b"0" * 6000, b"a, b", "signed ✓".encode(), b"'; drop table --"]
)
def test_malformed_signature_is_401(product: Product, value: bytes) -> None:
    """Whatever bytes a header has, and for every vendor."""
    for posted, header in ((acme(), "x-fake-signature"), (penvio(), "x-penvio-signature")):
        reply = product.deliver(posted, headers={header: value})
        assert (reply.status, reply.reason is not None) == (401, True)


@pytest.mark.parametrize("endpoint", ["nobody", "penvio-eu", "%00", "acme%0aX-A:%20b"])
def test_unknown_endpoint_is_404(product: Product, endpoint: str) -> None:
    """An account with an opaque endpoint does not listen at its name."""
    assert product.deliver(penvio(), path=f"/webhooks/{endpoint}").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_taken(product: Product, method: str) -> None:
    """And the answer says so."""
    reply = product.deliver(acme(), method=method)
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]

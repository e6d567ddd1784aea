"""Where a product may send people, whatever a vendor says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import call
from esign_core.errors import Outcome, UnreadableAnswer
from esign_core.model import EnvelopeStatus, SigningLink, Snapshot
from esign_core.provider import Flow, answer

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

GOOD = (
    *("https://sandbox.example.com/signing/a1-B2", "https://example.com:8443/s?t=1#x"),
    *("http://127.0.0.1:8000/signing/x", "http://localhost/x", "http://[::1]:80/x"),
    "https://example.com/".ljust(8192, "x"),
)
BAD = (
    *("javascript:alert(1)", "data:text/html,<script>", "file:///etc/passwd", "ftp://example.com"),
    *("http://example.com/signing/x", "http://10.0.0.1/x", "//example.com/x", "/signing/x", ""),
    *("https://", "https:///x", "https://example.com@evil.invalid/", "https://u:p@example.com/"),
    *("https://exa mple.com/", "https://example.com/\n", "https://example.com\\@evil.invalid"),
    *("https://[::1", "https://example.com:x/", " https://example.com/", "JAVASCRIPT:alert(1)"),
    *("https://:p@example.com/", "https://@example.com/", "https:example.com/x", "https:/x"),
    *("https://example.com/\x00", "https://example.com/\x7f", "https://example.com/\u202e"),
    *("https://exa\u200bmple.com/", "https://example.com\u2044x.invalid/", "https://a\tb.com/"),
    *("https://ex\u0430mple.com/", "https://example.com\uff20evil.invalid/"),
    "https://example.com/".ljust(8193, "x"),
)


def link(url: str) -> SigningLink:
    """Jane's."""
    return SigningLink(None, "Jane Doe", url)


def given(way: Way, vendor: Vendor, value: Any, operation: str) -> Any:
    """What is handed on of an adapter's answer."""
    flow: Flow[Any] = answer(value)
    return way.run(call(way.session(vendor), flow, operation=operation))


@pytest.mark.promise("D2")
@pytest.mark.parametrize("url", GOOD)
def test_link_to_a_web_page_is_handed_on(way: Way, vendor: Vendor, url: str) -> None:
    """By https, or to a simulator on this machine."""
    assert given(way, vendor, (link(url),), "signing_links") == (link(url),)
    made = Snapshot("1", EnvelopeStatus.SENT, links=(link(url),))
    assert given(way, vendor, made, "poll") == made


@pytest.mark.promise("D2")
@pytest.mark.parametrize("url", BAD)
def test_link_that_leads_anywhere_else_is_not(way: Way, vendor: Vendor, url: str) -> None:
    """A page of the product's would run it, or send somebody to whoever listens on the way.

    An envelope that was made is there all the same, without the link.
    """
    with pytest.raises(UnreadableAnswer, match="no plain https address") as caught:
        given(way, vendor, (link(GOOD[0]), link(url)), "signing_links")
    assert caught.value.outcome is Outcome.NOT_DONE
    assert not url.strip("/ ") or url not in str(caught.value)
    made = Snapshot("1", EnvelopeStatus.SENT, links=(link(GOOD[0]), link(url)))
    assert given(way, vendor, made, "poll").links == (link(GOOD[0]),)

from __future__ import annotations

from dataclasses import replace

from esign_core.sandbox import SigningPage
from esign_core.sandbox.page import render_page, render_result

NASTY = '"><script>alert(1)</script>'
PAGE = SigningPage("Lease", "Ann", "Please sign.", ["lease.pdf"], "signed")


def test_signed_page_leads_on_by_itself_and_by_a_link() -> None:
    """A browser goes there, and so can a script."""
    html = render_result(replace(PAGE, redirect="https://example.com/done?a=1&b=2"))
    address = "https://example.com/done?a=1&amp;b=2"
    assert f'<meta http-equiv="refresh" content="1; url={address}">' in html
    assert f'<a href="{address}">' in html


def test_page_without_an_address_leads_nowhere() -> None:
    """The signer stays and reads that it is done."""
    html = render_result(PAGE)
    assert "refresh" not in html
    assert "href" not in html


def test_page_says_what_the_vendor_has_to_say() -> None:
    """Each note is a line of its own, in the page's language."""
    html = render_page(replace(PAGE, language="da", notes=["One.", "Two."]), action="/sign/x")
    assert "<p>One.</p><p>Two.</p>" in html
    assert '<html lang="da">' in html


def test_no_word_of_a_page_becomes_its_code() -> None:
    """Notes, languages and addresses come from callers of the vendor."""
    page = replace(PAGE, redirect=NASTY, notes=[NASTY], language=NASTY)
    for html in (render_page(page, action="/sign/x"), render_result(page)):
        assert "<script>" not in html
        assert NASTY not in html

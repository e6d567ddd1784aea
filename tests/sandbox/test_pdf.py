from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from esign_core.sandbox import Stationery, pdf_problem

LEASE = [["The tenant pays the rent."], ["Signatures"]]


@pytest.fixture(scope="module")
def stationery() -> Stationery:
    """One authority for all tests: making one takes time."""
    return Stationery("Test")


@pytest.fixture(scope="module")
def lease(stationery: Stationery) -> bytes:
    """A document of two pages."""
    return stationery.document("Lease", LEASE)


@pytest.fixture(scope="module")
def signed(stationery: Stationery, lease: bytes) -> bytes:
    """The same, signed by two people."""
    return stationery.sign(lease, ["Jane Doe", "Łukasz Żółć"], reason="Lease 14")


def page_count(data: bytes) -> int:
    """As a reader of PDFs counts."""
    return int(PdfFileReader(io.BytesIO(data)).root["/Pages"]["/Count"])


def checked(data: bytes, root: bytes) -> Any:
    """What pyHanko says of the one signature, if `root` is trusted."""
    trusted = ValidationContext(trust_roots=list(load_certs_from_pemder_data(root)))
    (signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
    return validate_pdf_signature(signature, trusted)


def test_document_has_a_page_for_each_item(lease: bytes) -> None:
    """A document is a real PDF with the pages asked for."""
    assert page_count(lease) == 2
    assert pdf_problem(lease) is None


def test_document_with_much_text_goes_on_over_more_pages(stationery: Stationery) -> None:
    """No line of a long page is lost."""
    assert page_count(stationery.document("Long", [["line"] * 100])) == 3


def test_document_of_the_same_words_is_the_same_bytes(stationery: Stationery, lease: bytes) -> None:
    """Documents are deterministic, also between two simulators."""
    assert Stationery("Test").document("Lease", LEASE) == lease
    assert stationery.document("Lease", [["other"], ["words"]]) != lease


@pytest.mark.parametrize("name", ["Łukasz Żółć", "Ðorđe Þórsson", "署名", "\N{PILE OF POO}", ""])
@pytest.mark.parametrize("font", ["found", "Vera", "Helvetica"])
def test_document_takes_any_name_with_any_font(name: str, font: str) -> None:
    """A name that the font cannot draw spoils nothing."""
    stationery = Stationery()
    if font == "Vera":
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    if font != "found":
        stationery.__dict__["_font"] = font
    assert pdf_problem(stationery.document(name, [[name]])) is None


def test_signed_file_is_intact_and_trusted(stationery: Stationery, signed: bytes) -> None:
    """The signature covers the whole file and leads to the test authority."""
    result = checked(signed, stationery.root_certificate)
    assert (result.intact, result.valid, result.trusted, result.bottom_line) == (True,) * 4


def test_signed_file_is_trusted_by_nobody_else(signed: bytes) -> None:
    """Trust comes from the authority alone: a stranger's root does not give it."""
    result = checked(signed, Stationery("Other").root_certificate)
    assert (result.intact, result.trusted) == (True, False)


def test_signed_file_with_a_flipped_byte_is_not_intact(
    stationery: Stationery, signed: bytes
) -> None:
    """The signature is real: it notices a change of the document."""
    place = signed.index(b"/Title") + 12
    altered = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    assert not checked(altered, stationery.root_certificate).intact


def test_signed_file_begins_with_the_document_and_has_a_page_more(
    lease: bytes, signed: bytes
) -> None:
    """What was read is what was signed; the page of signatures comes after it."""
    assert signed.startswith(lease)
    assert page_count(signed) == 3


def test_file_can_be_signed_twice_and_inside_a_running_loop(
    stationery: Stationery, signed: bytes
) -> None:
    """A second signature goes on top of the first, also from async code."""

    async def sign() -> bytes:
        return stationery.sign(signed, ["again"])

    twice = asyncio.run(sign())
    names = [s.field_name for s in PdfFileReader(io.BytesIO(twice)).embedded_signatures]
    assert names == ["Signature1", "Signature2"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a zip", "does not start as a PDF"),
        (b"%PDF-1.7 and then nothing", "is cut short: it has no end mark"),
        (b"%PDF-1.7 %%EOF" + b" " * 2000, "is cut short: it has no end mark"),
        (b"\n\n%PDF-1.4\n%%EOF\n", None),
    ],
)
def test_what_is_no_pdf_is_told(data: bytes, problem: str | None) -> None:
    """A simulator refuses what a vendor would refuse at a first look."""
    assert pdf_problem(data) == problem


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_cannot_be_signed(stationery: Stationery, data: bytes) -> None:
    """Rubbish is a ValueError, not one of pyHanko's many."""
    with pytest.raises(ValueError, match="not a PDF"):
        stationery.sign(data, ["Jane Doe"])

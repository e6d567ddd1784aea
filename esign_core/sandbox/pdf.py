"""Real PDFs, as a vendor makes them: documents, and signed files with a real signature.

Signatures come from a certificate authority that exists only inside one `Stationery`: they are
sound and trusted by whoever trusts `Stationery.root_certificate`, and by nobody else.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esign_core.sandbox.authority import Authority

_MARGIN = 72
_LEADING = 18
_LINES_A_PAGE = 38
_LINE_LENGTH = 80


def pdf_problem(data: bytes) -> str | None:
    """What keeps `data` from being taken for a PDF, in a few words; None if it may be one.

    As cheap as a vendor's first look: the mark at the start, the mark at the end.
    """
    if not data:
        return "is empty"
    if b"%PDF-" not in data[:1024]:
        return "does not start as a PDF"
    if b"%%EOF" not in data[-1024:]:
        return "is cut short: it has no end mark"
    return None


class Stationery:
    """Makes, extends and signs PDFs in one vendor's name.

    Documents are the same bytes for the same words. Blocking: a document takes milliseconds, the
    first signature up to a second (pyHanko is imported then), each later one some 30 ms.
    """

    def __init__(self, name: str = "Sandbox") -> None:
        self.name = name

    def document(self, title: str, pages: Sequence[Iterable[str]]) -> bytes:
        """A PDF with one page or more for each item of `pages`, which holds its lines of text."""
        from reportlab.lib.pagesizes import A4
        from reportlab.pdfgen.canvas import Canvas

        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, invariant=1)
        canvas.setTitle(title)
        canvas.setProducer(self.name)
        for heading, lines in _sheets(title, pages):
            canvas.setFont(self._font, 16)
            canvas.drawString(_MARGIN, A4[1] - _MARGIN, self._printable(heading))
            text = canvas.beginText(_MARGIN, A4[1] - _MARGIN - 2 * _LEADING)
            text.setFont(self._font, 11, _LEADING)
            for line in lines:
                text.textLine(self._printable(line))
            canvas.drawText(text)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    def sign(self, document: bytes, signatures: Iterable[str], *, reason: str = "") -> bytes:
        """`document` with a page that lists `signatures` appended, all of it really signed.

        Works inside a running event loop too, but blocks it: call it in a thread there.

        Raises:
            ValueError: `document` is not a PDF that can be read.
        """
        page = self.document("Signatures", [signatures])
        # a thread of its own: pyHanko starts an event loop, which fails where one is running
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._sign, document, page, reason).result()

    @property
    def root_certificate(self) -> bytes:
        """The test authority's certificate, as PEM: what a checker of signatures has to trust."""
        return self._authority.root_certificate

    @cached_property
    def _authority(self) -> Authority:
        from esign_core.sandbox.authority import Authority

        return Authority(self.name)

    def _sign(self, document: bytes, page: bytes, reason: str) -> bytes:
        from pyhanko.pdf_utils.incremental_writer import (
            IncrementalPdfFileWriter,
        )
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign import signers

        logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it logs tracebacks of its own
        try:
            # not strict: what an ordinary reader opens, a vendor signs
            writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
            for kid in PdfFileReader(io.BytesIO(page)).root["/Pages"]["/Kids"]:
                sheet = kid.get_object()
                del sheet["/Parent"]  # it gets a new one; with it, the old tree would come along
                _ = writer.insert_page(writer.import_object(sheet))
            number = len(list(writer.prev.embedded_signatures)) + 1
            field = signers.PdfSignatureMetadata(
                field_name=f"Signature{number}", reason=reason or None
            )
            out: Any = signers.sign_pdf(writer, field, signer=self._authority.signer)
        except (PdfError, KeyError, TypeError, IndexError) as error:
            raise ValueError("the document is not a PDF that can be signed") from error
        return bytes(out.getvalue())

    @cached_property
    def _font(self) -> str:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFError, TTFont

        # DejaVu covers the names of Europe; Vera, which comes with reportlab, those of its west
        for name, file in (("DejaVuSans", "DejaVuSans.ttf"), ("Vera", "Vera.ttf")):
            try:
                pdfmetrics.registerFont(TTFont(name, file))
            except TTFError:
                continue
            return name
        return "Helvetica"

    def _printable(self, text: str) -> str:
        """The text with everything the font cannot draw replaced."""
        from reportlab.pdfbase import pdfmetrics

        if self._font == "Helvetica":
            return text.encode("cp1252", "replace").decode("cp1252")
        font: Any = pdfmetrics.getFont(self._font)
        glyphs = font.face.charToGlyph
        return "".join(letter if ord(letter) in glyphs else "?" for letter in text)


def _sheets(title: str, pages: Sequence[Iterable[str]]) -> Iterable[tuple[str, list[str]]]:
    """Heading and lines of each sheet of paper: long lines are broken, long pages go on."""
    for number, page in enumerate(pages, 1):
        lines = [part for line in page for part in _broken(line)]
        heading = title if len(pages) == 1 else f"{title}, page {number}"
        yield heading, lines[:_LINES_A_PAGE]
        for start in range(_LINES_A_PAGE, len(lines), _LINES_A_PAGE):
            yield f"{heading}, continued", lines[start : start + _LINES_A_PAGE]


def _broken(line: str) -> list[str]:
    flat = " ".join(line.split())
    return [flat[at : at + _LINE_LENGTH] for at in range(0, len(flat), _LINE_LENGTH)] or [""]

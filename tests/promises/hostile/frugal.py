"""The process in which memory is measured: each deed by itself, and what it added to the peak.

`python -m tests.promises.hostile.frugal URL FOLDER DEED...` prints megabytes by deed, as JSON.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from esign_core import Connection, Document, EnvelopeDraft, EsignError, Signer
from esign_core.engine import WireRequest
from esign_core.engine.transport import Transport

PDF_LIBRARIES = ("pyhanko", "reportlab", "pypdf", "pikepdf", "fitz", "pdfminer")


def main(url: str, folder: str, deeds: Sequence[str]) -> None:
    """Do each twice: what the first needs for loading modules is not counted."""
    found: dict[str, float | list[str]] = {}
    for name in deeds:
        deed = DEEDS[name]
        deed(f"{url}/small", Path(folder, "small"))
        found[name] = added_mb(partial(deed, f"{url}/large", Path(folder, "large")))
    found["interpreters"] = [name for name in PDF_LIBRARIES if name in sys.modules]
    _ = sys.stdout.write(json.dumps(found))


def added_mb(deed: Callable[[], object]) -> float:
    """How many megabytes a deed adds to the most memory that this process has had."""
    _ = Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # begin to measure anew
    before = _status("VmRSS")
    _ = deed()
    return _status("VmHWM") - before


def _status(what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def ask(url: str, folder: Path) -> None:
    """Read an answer."""
    del folder
    with suppress(EsignError):
        Transport().exchange(WireRequest("GET", url, {}), is_reading=True, is_repeatable=True)


def save(url: str, folder: Path) -> None:
    """Bring a file over."""
    with suppress(EsignError):
        Transport().save(WireRequest("GET", url, {}), folder / "saved.pdf")


def ask_naively(url: str, folder: Path) -> None:
    """Read an answer as a client does that is used as it comes."""
    import httpx

    del folder
    assert len(httpx.get(url).content) > 0


def send(form: str) -> Callable[[str, Path], None]:
    """Upload the document in a folder to a vendor who answers nonsense."""

    def deed(url: str, folder: Path) -> None:
        keys = ("client_id", "client_secret", "api_key", "api_secret")
        settings: dict[str, Any] = {"base_url": url, "oauth_url": url, "upload": form}
        settings |= dict.fromkeys(keys, "key")
        document = Document.from_path(folder / "bomb.pdf")
        signers = [Signer(name="Jane Doe", email="jane@example.com")]
        draft = EnvelopeDraft(title="Lease", documents=[document], signers=signers)
        with Connection("penneo", **settings) as connection:
            _ = connection.send(draft, wait=False)

    return deed


def interpret(url: str, folder: Path) -> None:
    """Look into the document in a folder as a reader of PDFs does."""
    del url
    stream = (folder / "bomb.pdf").read_bytes().partition(b"stream\n")[2]
    inner = zlib.decompressobj().decompress(stream)
    assert len(zlib.decompressobj().decompress(inner)) > 0


DEEDS: dict[str, Callable[[str, Path], None]] = {
    "ask": ask,
    "save": save,
    "ask naively": ask_naively,
    "send multipart": send("multipart"),
    "send json": send("json"),
    "interpret": interpret,
}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

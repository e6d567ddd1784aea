"""The process that uploads: it tells how much memory and time one form took."""

from __future__ import annotations

import base64
import json
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from esign_core import Connection, Document, EnvelopeDraft, Signer
from tests.bench.medians import medians

FORMS = ("multipart", "json")
SMALL, LARGE = "small.pdf", "large.pdf"
_PIECE_BYTES = 192 * 1024  # a multiple of three, so that base64 of the pieces joins up
_ROUNDS = 15


def main(form: str, url: str, folder: str) -> None:
    """Upload a small document, then a large one, then compare with httpx alone."""
    with Connection(
        "penneo",
        base_url=url,
        oauth_url=url,
        client_id="client",
        client_secret="secret",
        api_key="key",
        api_secret="secret",
        upload=form,
    ) as connection:

        def send(document: Document) -> None:
            signer = Signer(name="Jane Doe", email="jane@example.com")
            draft = EnvelopeDraft(title="Lease", documents=[document], signers=[signer])
            _ = connection.send(draft, wait=False)

        large = Path(folder, LARGE)
        send(Document.from_path(Path(folder, SMALL)))  # loads and opens what every upload needs
        before = _peak_mb()
        send(Document.from_path(large))
        added = _peak_mb() - before
        body = _base64_of(large) if form == "json" else large
        with httpx.Client() as client:
            ours, bare, encoding = medians(
                lambda: send(Document.from_path(large)),
                lambda: _bare(client, f"{url}/send/", body, _pieces(body)),
                lambda: _bare(client, f"{url}/send/", body, _encoded(large, form)),
                rounds=_ROUNDS,
            )
        whole_before = _peak_mb()
        send(Document.from_bytes(large.read_bytes(), name=LARGE))
        whole = _peak_mb() - whole_before
    found = {
        "added_mb": added,
        "whole_mb": whole,
        "ours_seconds": ours,
        "bare_seconds": bare,
        "encoding_seconds": encoding,
    }
    _ = sys.stdout.write(json.dumps(found))


def _bare(client: httpx.Client, url: str, body: Path, pieces: Iterator[bytes]) -> None:
    """As many bytes as there are in a file, streamed with a known length."""
    headers = {"content-length": str(body.stat().st_size)}
    _ = client.post(url, content=pieces, headers=headers).raise_for_status()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _encoded(path: Path, form: str) -> Iterator[bytes]:
    """The least that has to be done to a document for its form."""
    return map(base64.b64encode, _pieces(path)) if form == "json" else _pieces(path)


def _base64_of(path: Path) -> Path:
    """A file as long as its base64."""
    longer = path.with_suffix(".txt")
    with longer.open("wb") as file:
        _ = file.truncate(4 * ((path.stat().st_size + 2) // 3))
    return longer


def _peak_mb() -> float:
    """The most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent had before the program was started, too
        found = re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="ascii"))
        assert found is not None
        return int(found[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])

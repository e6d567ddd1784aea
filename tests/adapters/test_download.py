"""Files: what arrives is what the vendor holds, whole and signed, and not before its time."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from esign_core import ArtifactKind, EnvelopeClosed, EnvelopeDraft, EnvelopeStatus, NotReady
from esign_core.testing.stage import Stage

MakeLease = Callable[..., EnvelopeDraft]


def signatures(pdf: bytes, root: bytes) -> list[tuple[bool, bool]]:
    """Of every signature in a PDF: whether it is intact, and trusted under `root`."""
    from asn1crypto import x509  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificate
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    trusted = x509.Certificate.load(load_pem_x509_certificate(root).public_bytes(Encoding.DER))
    found = [
        validate_pdf_signature(each, ValidationContext(trust_roots=[trusted]))
        for each in PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    ]
    return [(each.intact, each.trusted) for each in found]


def test_files_are_the_vendors_to_the_byte(stage: Stage, lease: MakeLease, tmp_path: Path) -> None:
    """Each file's hash is that of what the vendor holds, and of what lies on the disk."""
    for account in stage.each_way():
        sent = account.send(lease())
        account.sign(sent.remote_id)
        found = account.connection.fetch(sent.remote_id)
        kinds = {artifact.kind for artifact in found.artifacts}
        assert {ArtifactKind.SIGNED, ArtifactKind.ORIGINAL} <= kinds
        for kind in sorted(kinds):
            folder = tmp_path / account.way / kind
            (saved,) = account.connection.download(sent.remote_id, to=folder, kinds={kind})
            held = stage.particulars.held(account.sandbox, sent.remote_id, kind)
            assert saved.sha256 == hashlib.sha256(held).hexdigest()
            assert saved.path.read_bytes() == held
            assert saved.size == len(held)
            assert [each.name for each in folder.iterdir()] == [saved.path.name]


def test_signed_file_has_a_valid_signature(stage: Stage, lease: MakeLease, tmp_path: Path) -> None:
    """The signed file is signed: by the vendor's authority, over all that was in the original."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        account.sign(sent.remote_id)
        (saved,) = account.connection.download(sent.remote_id, to=tmp_path / account.way)
        pdf = saved.path.read_bytes()
        root = stage.particulars.root_certificate(account.sandbox)
        assert signatures(pdf, root) == [(True, True)]
        spoilt = pdf[:200] + bytes([pdf[200] ^ 1]) + pdf[201:]
        assert signatures(spoilt, root) != [(True, True)]


def test_signed_file_is_not_ready_before_the_end(
    stage: Stage, lease: MakeLease, tmp_path: Path
) -> None:
    """Before completion the signed file is not there yet, the original is; after an end, never."""
    for account in stage.each_way():
        sent = account.send(lease())
        for signed in (0, 1):
            account.sign(sent.remote_id, at_most=signed)
            with pytest.raises(NotReady):
                account.connection.download(sent.remote_id, to=tmp_path)
            with pytest.raises(NotReady):
                account.connection.download(
                    sent.remote_id, to=tmp_path, kinds={ArtifactKind.CERTIFICATE}
                )
        original = {ArtifactKind.ORIGINAL}
        (saved,) = account.connection.download(sent.remote_id, to=tmp_path, kinds=original)
        saved.path.unlink()
        account.connection.cancel(sent.remote_id)
        with pytest.raises(EnvelopeClosed):
            account.connection.download(sent.remote_id, to=tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_files_that_are_being_made_are_waited_for(
    stage: Stage, lease: MakeLease, tmp_path: Path
) -> None:
    """Signed by all and not made yet is `finalizing`; completed means that it can be downloaded."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        (link,) = account.control.links(sent.remote_id)
        account.control.fault("stuck_job", times=1)
        account.control.sign_page(link)
        found = account.connection.fetch(sent.remote_id)
        if found.status is EnvelopeStatus.COMPLETED:
            assert account.connection.download(sent.remote_id, to=tmp_path / account.way)
        else:
            assert found.status is EnvelopeStatus.FINALIZING
            with pytest.raises(NotReady):
                account.connection.download(sent.remote_id, to=tmp_path)
        account.control.clear_faults()
        account.let_pass()
        assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.COMPLETED
        assert account.connection.download(sent.remote_id, to=tmp_path / account.way)

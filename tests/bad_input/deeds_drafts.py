"""Drafts that cannot be meant, and documents that are not what they should be."""

from __future__ import annotations

import io
from typing import BinaryIO

from esign_core import Document, EnvelopeDraft, Signer
from tests.bad_input.scene import PDF, Scene, Way

_TENANT = {"name": "Jane Doe", "email": "jane@example.com", "role": "tenant"}
_LANDLORD = {"name": "Bo Ek", "email": "bo@example.com", "role": "landlord"}


def no_signer(scene: Scene) -> None:
    """Nobody is to sign."""
    scene.send(scene.draft(signers=[]))


def two_alike(scene: Scene) -> None:
    """The same person twice, in the same role."""
    scene.send(scene.draft(signers=[_TENANT, _LANDLORD, _TENANT]))


def order_with_a_gap(scene: Scene) -> None:
    """First, and third."""
    scene.send(scene.draft(signers=[{**_TENANT, "order": 1}, {**_LANDLORD, "order": 3}]))


def order_for_some(scene: Scene) -> None:
    """One has a turn, the other has none."""
    scene.send(scene.draft(signers=[{**_TENANT, "order": 1}, _LANDLORD]))


def misspelt_field(scene: Scene) -> None:
    """A wish that would otherwise be passed over."""
    scene.send(scene.draft(mesage="Please sign"))


def wrong_address(scene: Scene) -> None:
    """No e-mail could arrive there."""
    scene.send(scene.draft(signers=[{**_TENANT, "email": "jane-at-example.com"}]))


def empty_file(scene: Scene) -> None:
    """Nothing in it."""
    scene.send(scene.draft(documents=[Document.from_path(scene.file(b""))]))


def no_pdf(scene: Scene) -> None:
    """A text that is called a PDF."""
    scene.send(scene.draft(documents=[Document.from_path(scene.file(b"Dear Jane,"))]))


def missing_path(scene: Scene) -> None:
    """A file that is not there."""
    scene.send(scene.draft(documents=[Document.from_path(scene.folder / "leese.pdf")]))


def missing_path_in_data(scene: Scene) -> None:
    """The same in a draft that was read from a file."""
    data = {"title": "Lease 14", "signers": [_TENANT], "documents": [scene.folder / "leese.pdf"]}
    scene.send(EnvelopeDraft.model_validate(data))


def missing_pdf_of_a_template(scene: Scene) -> None:
    """The settings map the template to a file that is not there."""
    scene.settings["templates"] = {"lease": {"document": scene.folder / "leese.pdf"}}
    scene.send()


def gone_before_it_is_sent(scene: Scene) -> None:
    """The file was there when the document was made."""
    file = scene.file()
    draft = scene.draft(documents=[Document.from_path(file)])
    file.unlink()
    scene.send(draft)


def changed_between_intent_and_upload(scene: Scene) -> None:
    """As long as before, so that its hash alone tells."""
    file = scene.file()

    def opener() -> BinaryIO:
        if scene.esign.list():  # the intent is on the disk, the upload begins
            _ = file.write_bytes(PDF.replace(b"lease", b"leaks"))
        return file.open("rb")

    document = Document.from_opener(opener, name=file.name, size=len(PDF))
    scene.send(scene.draft(documents=[document]))


def changed_while_it_is_sent(scene: Scene) -> None:
    """It is cut in the middle of its upload."""
    file = scene.file(PDF + b"%" * 2**20)
    looked_at_before = 2 if scene.way is Way.ESIGN else 1  # its first bytes; with a journal, hashed

    class Cut(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            file.write_bytes(PDF)
            return found or b""

    opened = 0

    def opener() -> BinaryIO:
        nonlocal opened
        opened += 1
        return file.open("rb") if opened <= looked_at_before else Cut(file)

    document = Document.from_opener(opener, name=file.name, size=file.stat().st_size)
    scene.send(scene.draft(documents=[document]))


def crowd(scene: Scene) -> None:
    """One signer more than there may be."""
    people = [
        {"name": f"Signer {i}", "email": f"signer-{i}@example.com", "role": "tenant"}
        for i in range(21)
    ]
    scene.send(scene.draft(signers=people))


def unmapped_template(scene: Scene) -> None:
    """The connection does not know it."""
    scene.send(scene.draft(template="leese"))


def documents_where_there_are_none(scene: Scene) -> None:
    """A PDF for a vendor of templates."""
    scene.send(scene.draft(documents=[Document.from_path(scene.file())]))


def role_that_nobody_has(scene: Scene) -> None:
    """A document for a signer who is not there."""
    document = Document.from_path(scene.file(), roles=["guarantor"])
    scene.send(scene.draft(documents=[document]))


def role_that_the_mapping_lacks(scene: Scene) -> None:
    """The settings do not say what the vendor calls it."""
    people = [Signer(name="Jane Doe", email="jane@example.com", role="guarantor")]
    scene.send(scene.draft(signers=people))


def role_that_the_vendor_lacks(scene: Scene) -> None:
    """The settings say what the vendor's template does not have."""
    scene.settings["templates"]["lease"]["roles"] = {"tenant": "Tenant", "landlord": "Owner"}
    scene.send()


def role_that_the_vendor_does_not_take(scene: Scene) -> None:
    """Two letters, where three are the least."""
    people = [Signer(name="Jane Doe", email="jane@example.com", role="x!")]
    scene.send(scene.draft(signers=people))

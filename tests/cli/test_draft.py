from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from esign_core import Channel, InvalidDraft, SignerAction, TemplateRef
from esign_core.cli.draft import DraftFlags, read_draft
from esign_core.cli.failures import Misused


def _yaml(folder: Path, text: str) -> Path:
    file = folder / "draft.yaml"
    _ = file.write_text(text, encoding="utf-8")
    return file


def test_a_yaml_file_is_a_draft(lease: Path) -> None:
    """A draft can be kept in a repository and reviewed."""
    draft = read_draft(lease, None)
    assert draft.template == TemplateRef("lease")
    assert [(s.name, s.role, s.order) for s in draft.signers] == [
        ("Tess Holm", "tenant", 1),
        ("Lars Berg", "landlord", 2),
    ]


def test_a_json_file_is_a_draft(tmp_path: Path) -> None:
    """A program can write a draft."""
    file = tmp_path / "draft.json"
    data = {"title": "X", "template": "t", "signers": [{"name": "Ann", "email": "a@example.com"}]}
    _ = file.write_text(json.dumps(data), encoding="utf-8")
    assert read_draft(file, None).signers[0].email == "a@example.com"


def test_a_draft_can_come_from_stdin(lease: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads what another program writes."""
    monkeypatch.setattr("sys.stdin", io.StringIO(lease.read_text(encoding="utf-8")))
    assert read_draft(Path("-"), None) == read_draft(lease, None)


@pytest.mark.parametrize("before", ["", "\n  "])
def test_json_is_json_on_stdin_too(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number where text belongs is refused from both: a file cannot mean two drafts."""
    signers = [{"name": "Ann", "email": "a@example.com", "order": 1}]
    right: dict[str, Any] = {"title": "X", "template": "t", "signers": signers}
    wrong = {**right, "metadata": {"lease": 14}}
    file = tmp_path / "draft.json"
    _ = file.write_text(json.dumps(wrong), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(before + json.dumps(wrong)))
    for place in (file, Path("-")):
        with pytest.raises(InvalidDraft, match="metadata"):
            _ = read_draft(place, None)
    monkeypatch.setattr("sys.stdin", io.StringIO(before + json.dumps(right)))
    assert read_draft(Path("-"), None).signers[0].order == 1


def test_words_in_yaml_stay_words(tmp_path: Path) -> None:
    """Norwegian is not false, a phone number no number, a date no date."""
    file = _yaml(
        tmp_path,
        """\
        title: 2026-03-01
        template: lease
        language: no
        message: ~
        signers: [{name: Ann, email: a@example.com, phone: +4512345678, order: 1}]
        metadata: {rent: 0900, furnished: yes}
        """,
    )
    draft = read_draft(file, None)
    assert draft.title == "2026-03-01"
    assert draft.language == "no"
    assert draft.message is None
    assert draft.signers[0].phone == "+4512345678"
    assert draft.signers[0].order == 1
    assert draft.metadata == {"rent": "0900", "furnished": "yes"}


def test_documents_lie_beside_the_draft(tmp_path: Path, pdf: Path) -> None:
    """A draft and its PDFs can be moved together, wherever the command is run."""
    (tmp_path / "inner").mkdir()
    _ = pdf.rename(tmp_path / "inner" / "lease.pdf")
    file = _yaml(
        tmp_path / "inner",
        """\
        title: Lease
        documents:
          - lease.pdf
          - {path: lease.pdf, name: house-rules.pdf, title: House rules, signable: false}
        signers: [{name: Ann, email: a@example.com}]
        """,
    )
    first, second = read_draft(file, None).documents
    assert (first.name, first.signable) == ("lease.pdf", True)
    assert (second.name, second.title, second.signable) == ("house-rules.pdf", "House rules", False)
    assert second.size == first.size


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- title", "must be a mapping"),
        ("title: [", "cannot be understood: it is not YAML in line 1, column 9"),
        ("identity: {number: nobody, method: [x}]", "it is not YAML in line 1, column 38"),
        ("title: *nobody", "it is not YAML in line 1, column 8"),
        ("[" * 3000, "nested too deep"),
        ("{title: X, template: t, signers: [{name: Ann, ~: x}]}", "a value without a name"),
        ("{title: X, template: t, signers: [{name: Ann, email: nobody}]}", "signers[0].email"),
        ("{title: X, template: t, signers: [{name: A, email: a@x.dk}], sginers: []}", "sginers"),
        ("{title: X, documents: [{file: a.pdf}], signers: []}", "documents[0]: must be a path"),
        ("{title: X, documents: [none.pdf], signers: []}", "none.pdf"),
    ],
)
def test_a_draft_that_cannot_be_meant_says_where(tmp_path: Path, text: str, told: str) -> None:
    """Every error names the field, and none the value of an address."""
    with pytest.raises(InvalidDraft) as caught:
        _ = read_draft(_yaml(tmp_path, text), None)
    assert told in str(caught.value)
    assert "nobody" not in str(caught.value)


def test_an_unknown_word_of_a_document_is_named(tmp_path: Path, pdf: Path) -> None:
    """A mistyped wish is not passed over."""
    file = _yaml(
        tmp_path, f"{{title: X, documents: [{{path: {pdf.name}, tilte: Y}}], signers: []}}"
    )
    with pytest.raises(InvalidDraft, match="has no tilte; it has name, options, path"):
        _ = read_draft(file, None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A mistyped path is told as one."""
    with pytest.raises(InvalidDraft, match=r"none\.yaml: cannot be read"):
        _ = read_draft(tmp_path / "none.yaml", None)


def test_flags_make_a_draft(pdf: Path) -> None:
    """A quick envelope needs no file."""
    flags = DraftFlags(
        document=(pdf,),
        signer=(
            "Jane Doe <jane@example.com>, role=tenant, order=2",
            "Lars Berg <lars@example.com>, order=1, action=approve, language=da",
            "Link Lee, order=2, delivery=link",
        ),
        subject="Your lease",
        message="Please sign.",
        send_at="2030-01-31T09:00:00+01:00",
        expires_in_days=7,
        remind_every_days=2,
    )
    draft = read_draft(None, flags)
    jane, lars, lee = draft.signers
    assert draft.title == "lease"
    assert (jane.name, jane.email, jane.role, jane.order) == (
        "Jane Doe", "jane@example.com", "tenant", 2,
    )  # fmt: skip
    assert (lars.action, lars.language) == (SignerAction.APPROVE, "da")
    assert (lee.email, lee.delivery) == (None, Channel.LINK)
    assert (draft.subject, draft.message) == ("Your lease", "Please sign.")
    assert draft.send_at == datetime(2030, 1, 31, 8, tzinfo=UTC)
    assert (draft.expires_in_days, draft.remind_every_days) == (7, 2)


def test_a_last_moment_can_be_named() -> None:
    """A moment without a time zone is refused by its name: nobody could say which it is."""
    given: dict[str, Any] = {"title": "X", "template": "t", "signer": ("A, delivery=link",)}
    draft = read_draft(None, DraftFlags(**given, expires_at="2030-02-01T00:00:00Z"))
    assert draft.expires_at == datetime(2030, 2, 1, tzinfo=UTC)
    with pytest.raises(InvalidDraft, match="expires_at: needs a time zone"):
        _ = read_draft(None, DraftFlags(**given, expires_at="2030-02-01T00:00:00"))


def test_signers_can_be_put_in_order_and_reached_by_link() -> None:
    """What holds for all of them is said once."""
    flags = DraftFlags(title="X", template="t", signer=("A", "B"), in_order=True, by_link=True)
    draft = read_draft(None, flags)
    assert [(s.order, s.delivery) for s in draft.signers] == [(1, "link"), (2, "link")]


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "A B a@example.com",
        "A B, a@example.com",
        "a@example.com, role=tenant",
        "A B <a@example.com> b@example.com",
        "A B, email=a@example.com",
    ],
)
def test_an_address_stands_in_brackets(text: str, *, by_link: bool) -> None:
    """It would be a name otherwise, which everybody can read; it is not repeated."""
    flags = DraftFlags(title="X", template="t", signer=(text,), by_link=by_link)
    with pytest.raises(Misused, match='write the address in <>: "Jane Doe <jane@') as caught:
        _ = read_draft(None, flags)
    assert "a@example" not in str(caught.value)


def test_a_message_may_name_an_address() -> None:
    """It is text for people."""
    text = "Jane Doe <jane@example.com>, message=Ask help@example.com, role=tenant"
    (jane,) = read_draft(None, DraftFlags(title="X", template="t", signer=(text,))).signers
    assert (jane.email, jane.message) == ("jane@example.com", "Ask help@example.com")


def test_an_empty_title_is_refused(pdf: Path) -> None:
    """It was given, by a variable that is empty perhaps: the file's name is not meant."""
    with pytest.raises(InvalidDraft, match="title"):
        _ = read_draft(None, DraftFlags(title="", document=(pdf,), signer=("A, delivery=link",)))


def test_a_draft_is_a_file_or_flags(lease: Path) -> None:
    """Two drafts would leave open which one counts; none leaves nothing to send."""
    with pytest.raises(Misused, match="not both"):
        _ = read_draft(lease, DraftFlags(title="X"))
    with pytest.raises(Misused, match="give a draft"):
        _ = read_draft(None, None)

"""A vendor, or whoever is in its place, who answers what no honest one would."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core import EsignError, Outcome, UnreadableAnswer
from tests.engine.conftest import Vendor
from tests.promises.page import ROOT

if TYPE_CHECKING:
    from tests.promises.proxy.conftest import Account

MEGABYTE = 1024**2
JSON_BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "too large": lambda body: body + b" " * (17 * MEGABYTE),
    "too deep": lambda body: b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"," + body[1:],
    "deep objects": lambda body: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "without an end": lambda _: b"[" * 200_000,
    "a number of 5000 digits": lambda body: b'{"n":' + b"9" * 5000 + b"," + body[1:],
    "a number beyond all bounds": lambda body: b'{"n":1e999,' + body[1:],
    "NaN": lambda body: b'{"n":NaN,' + body[1:],
    "infinity": lambda body: b'{"n":-Infinity,' + body[1:],
    "a name twice": lambda body: body[:-1] + b"," + body[1:],
    "half a character": lambda body: b'{"n":"\\ud800",' + body[1:],
    "no UTF-8": lambda body: b'{"n":"\xff",' + body[1:],
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "nothing": lambda _: b"",
    "HTML": lambda _: b"<html>" + b"<a>" * 10_000,
}


def with_body(change: Callable[[bytes], bytes]) -> Callable[[bytes, bytes], bytes]:
    """Answers of 200 with another body."""

    def rewrite(_request: bytes, answer: bytes) -> bytes:
        body = change(answer.partition(b"\r\n\r\n")[2])
        return Vendor.reply(200, body, Content_Type="application/json")

    return rewrite


@pytest.mark.promise("D4")
@pytest.mark.parametrize("bomb", JSON_BOMBS)
def test_json_that_no_honest_service_sends_is_an_error(account: Account, bomb: str) -> None:
    """By its own name, whatever is asked: nothing crashes, and what was sent stays in doubt."""
    change = JSON_BOMBS[bomb]
    sent = account.send()
    account.proxy.rewrite = with_body(change)
    with pytest.raises(UnreadableAnswer):
        account.connection.fetch(sent.remote_id)
    with pytest.raises(UnreadableAnswer) as caught:
        account.connection.send(account.draft())
    assert caught.value.outcome is Outcome.UNCERTAIN


@pytest.mark.promise("D4")
def test_no_provider_reads_json_in_any_other_way() -> None:
    """What comes from outside goes through the one reader that is strict."""
    lenient = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted(ROOT.glob("providers/**/*.py"))
        if "sandbox" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"loads", "load", "validate_json", "model_validate_json", "JSONDecoder"}
    ]
    assert lenient == []


NAMES = (
    *("../../canary.pdf", "..\\..\\canary.pdf", "/etc/canary.pdf", "C:\\canary.pdf", "..", ".", ""),
    *("%2e%2e%2fcanary.pdf", "a/../../canary", "file:///canary", "\x00canary.pdf", "canary\n.pdf"),
    *(
        "\u202efdp.canary",
        "con.pdf",
        ".ssh/authorized_keys",
        "~/canary",
        "$(touch canary)",
        "x" * 5000,
    ),
    *("canary.pdf/", "\ud83d\ude00/../canary", "a\u2215..\u2215canary", "....//canary", "-rf"),
)
NAMED = {
    *("name", "title", "fileName", "documentName", "filename", "subject", "templateName"),
    *("documentStorageKey", "signedDocumentStorageKey", "certificateStorageKey"),
}


def calling_files(name: str) -> Callable[[bytes, bytes], bytes]:
    """Answers in which everything that has a name is called that, in headers too."""

    def altered(data: Any) -> Any:
        match data:
            case dict():
                return {
                    key: name if key in NAMED and isinstance(value, str) else altered(value)
                    for key, value in data.items()
                }
            case list():
                return [altered(each) for each in data]
            case _:
                return data

    def rewrite(_request: bytes, answer: bytes) -> bytes:
        head, _, body = answer.partition(b"\r\n\r\n")
        with suppress(ValueError):
            body = json.dumps(altered(json.loads(body))).encode()
        status = int(head.split(b" ")[1])
        shown = "".join(char for char in name[:500] if " " <= char <= "~" and char != '"')
        return Vendor.reply(status, body, Content_Disposition=f'attachment; filename="{shown}"')

    return rewrite


@pytest.mark.promise("D6")
def test_name_from_a_vendor_never_becomes_a_path(account: Account, tmp_path: Path) -> None:
    """Of files, titles, keys in the bucket, headers: what is brought lies flat in its folder."""
    remote_id, brought = account.completed(), 0
    for number, name in enumerate(NAMES):
        to = tmp_path / f"deep{number}" / "er" / "archive"
        account.proxy.rewrite = calling_files(name)
        with suppress(EsignError):
            brought += len(account.connection.download(remote_id, to=to))
        outside = [each for each in tmp_path.rglob("*") if each.is_file() and each.parent != to]
        assert outside == [], name
        for saved in to.iterdir() if to.is_dir() else ():
            assert saved.is_file()
            assert saved.name.isprintable()
            assert not saved.name.startswith((".", "-rf"))
        for each in tmp_path.rglob("*"):
            if each.is_file():
                each.unlink()
    assert brought == (len(NAMES) if account.vendor == "penneo" else 0)
    assert not Path("canary").exists()


FORGED = {
    "a line": "no\nINFO esign all is well",
    "a line of Windows": "no\r\nINFO esign all is well",
    "a terminal's sequence": "no\x1b[2J\x1b[31mall is well",
    "a backspace": "no\b\ball is well",
    "a line of Unicode": "no\u2028INFO esign all is well\u2029",
    "the next line": "no\x85INFO esign all is well",
    "another direction": "no\u202ellew si lla\u2066",
    "no width": "no\u200ball\u200f is well\ufeff",
}


def saying(words: str) -> Callable[[bytes, bytes], bytes]:
    """Refusals in these words, in each vendor's form at once."""
    problem = {"field": words, "message": words}
    said = {
        "error": {"code": words, "message": words, "details": [problem]},
        "message": words,
        "errors": {words: [words], "title": [words]},
        "error_description": words,
    }
    body = json.dumps(said).encode()
    return lambda _request, _answer: Vendor.reply(400, body, Content_Type="application/json")


@pytest.mark.promise("D8")
@pytest.mark.parametrize("forged", FORGED)
def test_no_line_of_a_log_can_be_forged(
    account: Account, tmp_path: Path, forged: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a vendor says, in whichever field: one record is one line, and so is an error."""
    caplog.set_level(logging.DEBUG)
    account.proxy.rewrite = saying(FORGED[forged])
    errors: list[EsignError] = []
    connection = account.connection
    draft = account.draft()
    for act in (
        lambda: connection.send(draft),
        lambda: connection.fetch(FORGED[forged]),
        lambda: connection.fetch("1234567"),
        lambda: connection.cancel("1234567", reason=FORGED[forged]),
        lambda: connection.request("GET", "/api/v1/folders"),
        lambda: connection.check(draft, online=True),
    ):
        try:
            act()
        except EsignError as error:
            errors.append(error)
    assert errors
    for each in errors:
        shown = [str(each), *map(str, each.problems), *getattr(each, "__notes__", [])]
        assert all(text.isprintable() for text in shown), shown
    records = [each for each in caplog.records if each.name.startswith(("esign", "stamina"))]
    assert records
    for record in records:
        assert record.getMessage().isprintable()
        fields = [value for name, value in vars(record).items() if name.startswith("esign_")]
        assert all(str(value).isprintable() for value in fields)

"""Digests are compared by `hmac.compare_digest`, as bytes, and in no other way."""

from __future__ import annotations

import ast
import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.provider import utc_now
from tests.promises.hostile.malformed import cases
from tests.promises.hostile.senders import OTHER_SECRET, SECRET, Sender
from tests.promises.hostile.test_deliveries import refused
from tests.promises.page import ROOT

if TYPE_CHECKING:
    from esign_core import Esign

SECRET_WORDS = re.compile(r"signature|digest|hmac|\bmac\b|secret", re.IGNORECASE)


def comparisons(source: str) -> Iterator[tuple[int, str]]:
    """Each `==`, `!=`, `in`, `startswith` and `match` in which a digest or a secret is looked at.

    With its line and its text.
    """
    for node in ast.walk(ast.parse(source)):
        if any(_tells(each) for each in _looked_at(node)):
            yield getattr(node, "lineno", 0), ast.unparse(node)


def _looked_at(node: ast.AST) -> list[ast.expr]:
    """What is compared with something, if anything is."""
    match node:
        case ast.Compare(left=left, ops=operators, comparators=others):
            usual = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
            return [left, *others] if any(isinstance(each, usual) for each in operators) else []
        case ast.Match(subject=subject):
            return [subject]
        case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "endswith" | "__eq__")):
            return [value, *node.args]
        case _:
            return []


def _tells(node: ast.AST) -> bool:
    """Whether a value that is compared is a digest or a secret, by any name in it."""
    names = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    names += [each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    return any(SECRET_WORDS.search(name) for name in names if not name.isupper())


def sources() -> Iterator[Path]:
    """Where deliveries are verified: every provider, and whatever of the core knows `hmac`.

    Not simulators: who talks to them knows their secrets.
    """
    for file in sorted(ROOT.glob("providers/**/*.py")):
        if "sandbox" not in file.parts:
            yield file
    for file in sorted(ROOT.glob("esign_core/**/*.py")):
        if "import hmac" in file.read_text("utf-8"):
            yield file


@pytest.mark.promise("A2")
def test_no_digest_is_compared_in_the_usual_way() -> None:
    """`==` stops at the first byte that differs: its time tells how much of a guess was right."""
    assert any(file.parent.name == "testing" for file in sources())
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in sources()
        for line, text in comparisons(file.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.negative_control("A2")
@pytest.mark.parametrize(
    "source",
    [
        "if hmac.new(key, body).hexdigest() == given: ...",
        "ok = given in [digest_of(secret) for secret in secrets]",
        "ok = expected.signature != header",
        "ok = header.startswith(digest)",
        "match signature:\n  case '': ...",
    ],
)
def test_usual_comparison_is_found(source: str) -> None:
    """The rule above finds what it is there to find."""
    assert list(comparisons(source))


@pytest.mark.promise("A2")
def test_every_provider_with_signatures_compares_in_constant_time() -> None:
    """Each package that makes a digest has the one function that compares two."""
    for package in sorted((ROOT / "providers").glob("*/esign_*")):
        made = "".join(
            file.read_text("utf-8") for file in sources() if file.is_relative_to(package)
        )
        assert "hmac.new(" in made
        assert "hmac.compare_digest(" in made, package.name


@pytest.mark.promise("A2")
def test_digests_are_compared_as_bytes_and_with_every_secret(
    esign: Esign, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that are not ASCII would raise; and a secret that fits ends no loop before the others.

    Whatever is wrong with a delivery: what is compared are bytes of one length.
    """
    seen: list[tuple[object, object]] = []
    compare = hmac.compare_digest

    def spied(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spied)
    for case in cases(sender):
        refused(esign, sender, case.make(sender))
    assert seen
    assert {(type(one), type(other)) for one, other in seen} == {(bytes, bytes)}
    assert {len(each) for pair in seen for each in pair if isinstance(each, bytes)} == {64}
    seen.clear()
    webhooks = esign._workspace.session(sender.provider).provider.webhooks
    assert webhooks is not None
    secrets = [each.encode() for each in (SECRET, OTHER_SECRET, "third")]
    webhooks.verify(sender.good().request, secrets, utc_now())
    assert len(seen) == 3

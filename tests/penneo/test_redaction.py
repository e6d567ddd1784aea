"""What of Penneo's words is kept, and how much of them is read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from esign_core.errors import Refused
from esign_core.testing import reply
from esign_penneo import PenneoProvider, redaction
from esign_penneo.redaction import scrubbed, scrubbed_data, without_secrets


class _Counting:
    """A pattern that notes how much it is given."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def sub(self, stand_in: str, text: str) -> str:
        del stand_in
        self.lengths.append(len(text))
        return text


@pytest.mark.promise("D3")
def test_long_text_is_cut_before_it_is_searched(
    provider: PenneoProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long an answer is, no pattern sees more than the start of each of its texts."""
    counting = _Counting()
    monkeypatch.setattr(redaction, "_PRIVATE", ((counting, "(x)"),))
    long = "x" * 100_000
    _ = provider.explain(reply({"message": [long, "short"], "more": {long: [long]}}, status=400))
    assert max(counting.lengths) == 2_000
    assert 5 in counting.lengths


def test_address_is_looked_for_where_words_begin() -> None:
    """Tried at every character of a long word, it would take the square of its length."""
    (pattern,) = (each for each, stand_in in _patterns() if stand_in == "(e-mail)")
    text = "to jane.doe@example.com, <bo@example.com>"
    begins = [at for at in range(len(text)) if pattern.match(text, at)]
    assert begins == [text.index("jane"), text.index("bo@")]


@pytest.mark.parametrize(
    "text", ["@jane@example.com", "@@jane@example.com", f"{'x' * 90}jane@example.com"]
)
def test_odd_address_is_taken_out_too(text: str) -> None:
    """A sign in front of it, or a long name, hides it from nobody."""
    assert "jane" not in scrubbed(f"mail to {text} failed")


@pytest.mark.promise("D8")
@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\u2028", "\u202e"])
def test_no_line_can_be_forged(provider: PenneoProvider, char: str) -> None:
    """Whatever Penneo says, it stays on one line."""
    said = f"caseFile.signers[0].role is odd{char}INFO all is well"
    for body in ({"message": said}, {"error": said}, {"error": "x", "error_description": said}):
        error = provider.explain(reply(body, status=400))
        assert isinstance(error, Refused)
        assert str(error).isprintable()
        assert all(problem.message.isprintable() for problem in error.problems)
        assert char not in repr(error.raw)


def test_names_of_fields_are_scrubbed_as_well() -> None:
    """An answer may tell by address what is wrong."""
    data: Any = {"jane@example.com": ["is unknown"], "deep": [{"+4512345678": 1}]}
    assert without_secrets(data) == {"(e-mail)": ["is unknown"], "deep": [{"(number)": 1}]}
    assert scrubbed_data({"token": "t", "said": [{"a": "jane@example.com"}, 5]}) == {
        "said": [{"a": "(e-mail)"}, 5]
    }


def test_path_is_read_from_what_is_scrubbed(provider: PenneoProvider) -> None:
    """No field of a problem is made of what may not be shown."""
    said = "signers.0.eyJhbGciOi.eyJzdWIi.c2ln is odd"
    error = provider.explain(reply({"message": said}, status=400))
    assert isinstance(error, Refused)
    assert "eyJ" not in repr(error.problems)


def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    found: tuple[tuple[re.Pattern[str], str], ...] = vars(redaction)["_PRIVATE"]
    return found

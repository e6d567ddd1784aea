"""What is taken over of somebody else's words."""

from __future__ import annotations

import pytest

from esign_core.model import excerpt, printable


@pytest.mark.promise("D8")
@pytest.mark.parametrize(
    "char", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f"]
)
def test_no_character_ends_a_line_or_turns_it(char: str) -> None:
    """A log has one line for one message, read in one direction."""
    assert printable(f"no{char}INFO all is well") == "no INFO all is well"


def test_words_of_any_language_stay() -> None:
    """Only what cannot be shown is replaced."""
    assert printable("Lejekontrakt für Æ, 借家") == "Lejekontrakt für Æ, 借家"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("short", "short"),
        ("ten letter", "ten letter"),
        ("two words, jane@example.com", "two words,"),
        ("two words (jane@example.com)", "two words "),
        ("a bc def gh ijk", "a bc def gh"),
        ("a bc def g\nhi", "a bc def g"),
        ("x" * 30, "x" * 11),
    ],
)
def test_no_word_is_cut_in_two(text: str, told: str) -> None:
    """Half an address would not be known for what it is; a text of one word is cut all the same."""
    assert excerpt(text, 11) == told

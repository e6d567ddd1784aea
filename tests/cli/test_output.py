from __future__ import annotations

import sys

import pytest

from esign_core.cli.output import plain, show_fields, show_table

ROWS = [("a", None, True), ("b\x1b[31m\tc", 3, "[bold]d[/bold]")]


def _pretend_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed goes to a person; to be said in the test, whose stdout is its own."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_a_pipe_gets_plain_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """One row, one line; cells between tabs; no header to skip."""
    show_table(("one", "two", "three"), ROWS)
    assert capsys.readouterr().out == "a\t\tyes\nb [31m c\t3\t[bold]d[/bold]\n"


def test_a_terminal_gets_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People get headings; what a vendor says is no markup and moves no cursor."""
    _pretend_terminal(monkeypatch)
    show_table(("one", "two", "three"), ROWS)
    shown = capsys.readouterr().out
    assert all(heading in shown for heading in ("one", "two", "three"))
    assert "[bold]d[/bold]" in shown
    assert "\x1b[31m" not in shown


def test_a_long_link_is_shown_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is cut off leads nowhere."""
    _pretend_terminal(monkeypatch)
    link = f"https://example.com/sign/{'x' * 200}"
    show_table(("link",), [(link,)])
    assert "".join(capsys.readouterr().out.split()).count("x") >= 200


def test_fields_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is to read is what there is to know."""
    show_fields([("id", "env_1"), ("failure", None), ("title", "Lease\n14")])
    assert capsys.readouterr().out == "id\tenv_1\ntitle\tLease 14\n"


def test_fields_line_up_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values stand below each other."""
    _pretend_terminal(monkeypatch)
    show_fields([("id", "env_1"), ("title", "Lease")])
    assert capsys.readouterr().out == "id     env_1\ntitle  Lease\n"


def test_flags_are_words() -> None:
    """Python's own spelling stays inside."""
    assert [plain(value) for value in (True, False, None, 0)] == ["yes", "no", "", "0"]

"""What a page shows against what was printed: `...` stands for what varies."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[ \t]+")
_RULE = re.compile("\u2500+")
_ID = re.compile("env_[0-9a-f]{32}")
_WORD = re.compile(r"""[^\s'"<>,;]*[^\s'"<>,;:.]""")


def pattern_of(shown: str) -> re.Pattern[str]:
    """What matches output that begins as it is shown, whole lines of it.

    A line `...` stands for any lines, `...` in a line for any text. How wide a column is, and
    empty lines at the end, do not count.
    """
    lines = plain(shown).splitlines()
    told = (r"(?:.*\n)*?" if line == "..." else f"{_escaped(line)}\n" for line in lines)
    return re.compile("".join(told))


def plain(text: str) -> str:
    """Text without what depends on a terminal's width."""
    lines = (_RULE.sub("\u2500", _SPACE.sub(" ", line)).strip() for line in text.splitlines())
    return "\n".join(lines).rstrip("\n") + "\n"


def newest_word(blank: str, printed: str) -> str | None:
    """The last word that was printed and that `blank`, with `...` in it, may stand for.

    `env_...` is an envelope's id of ours, wherever it was printed; vendors' may begin so too.
    """
    if blank == "env_...":
        ids = _ID.findall(printed)
        return ids[-1] if ids else None
    fits = re.compile(_escaped(blank).replace(".*", ".+"))
    found = (word for word in reversed(_WORD.findall(printed)) if fits.fullmatch(word))
    return next(found, None)


def _escaped(line: str) -> str:
    return ".*".join(map(re.escape, line.split("...")))

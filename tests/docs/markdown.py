"""Pages as readers see them: their fenced blocks, in order, with what is said to the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\S*)")
_DIRECTIVE = re.compile(r"<!-- docs: (.+) -->")
_NAMED = re.compile(r"# ([\w-]+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """One fenced block, or one line `<!-- docs: ... -->`, whose language is `directive`."""

    page: Path
    line: int
    """The number of its first line."""
    language: str
    text: str

    @property
    def where(self) -> str:
        """Where to look, as editors understand it."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that it is, if its first line is a comment with nothing else."""
        named = _NAMED.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class Command:
    """One command of a block, and what the page shows of its output."""

    line: str
    shown: str = ""
    is_interrupted: bool = False
    """Whether the page shows `^C` after it."""


def pages() -> list[Path]:
    """Every page that people read."""
    patterns = ("*.md", "docs/**/*.md", "providers/*/README.md", "cassettes/**/*.md")
    return sorted(page for pattern in patterns for page in ROOT.glob(pattern))


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, from top to bottom.

    Raises:
        ValueError: A fence is not closed.
    """
    found: list[Block] = []
    lines = enumerate(page.read_text("utf-8").splitlines(), start=1)
    for number, line in lines:
        if directive := _DIRECTIVE.fullmatch(line.strip()):
            found.append(Block(page, number, "directive", directive[1]))
        elif opened := _FENCE.fullmatch(line):
            indent = len(opened["indent"])
            text: list[str] = []
            for _, inner in lines:
                if inner.strip() == "```":
                    break
                text.append(f"{inner[indent:]}\n")
            else:
                raise ValueError(f"{page}:{number}: the fence is not closed")
            found.append(Block(page, number + 1, opened["language"], "".join(text)))
    return found


def commands_of(block: str, *, has_prompts: bool) -> list[Command]:
    """The commands of a block; a line that ends with a backslash goes on in the next.

    Raises:
        ValueError: A block with prompts does not begin with one.
    """
    found: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if has_prompts and not line.startswith("$ "):
            if not found:
                raise ValueError(f"a block with output begins with a command: $ {line}")
            last = found.pop()
            is_end = line.strip() == "^C"
            shown = last.shown if is_end else f"{last.shown}{line}\n"
            found.append(Command(last.line, shown, is_interrupted=is_end))
        elif line.strip() and not line.startswith("#"):
            command = line.removeprefix("$ ") if has_prompts else line
            while command.endswith("\\"):
                command += "\n" + next(lines, "").removeprefix("> ")
            found.append(Command(command))
    return found

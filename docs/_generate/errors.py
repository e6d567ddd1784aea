"""The tree of errors, from the module that draws it."""

from __future__ import annotations

import re

from docs._generate.words import code, told_of
from esign_core import errors as tree
from esign_core.errors import EsignError

_DRAWING = re.compile(r"```text\n.*?```", re.DOTALL)


def error_tree() -> str:
    """The tree as it is drawn at the top of the module."""
    return "".join(_DRAWING.findall(told_of(tree)))


def errors() -> str:
    """Every error: what it means, and its outcome unless it says another one."""
    return "\n\n".join(_told(kind) for kind in _below(EsignError))


def _below(kind: type[EsignError]) -> list[type[EsignError]]:
    """An error and all that are more specific, as they stand in the module."""
    below = (each for sub in kind.__subclasses__() for each in _below(sub))
    return [kind, *(each for each in below if each.__module__ == tree.__name__)]


def _told(kind: type[EsignError]) -> str:
    parents = [each for each in kind.__mro__[1:] if issubclass(each, EsignError)]
    depth = "##" if len(parents) < 2 else "###"
    is_a = f"A kind of {' and of '.join(map(_link, kind.__bases__))}; its" if parents else "The"
    outcome = f"{is_a} outcome is `{kind.default_outcome.value}`, unless it says another."
    return "\n\n".join([f"{depth} `{kind.__name__}`", _sections(told_of(kind)), outcome])


def _link(kind: type) -> str:
    if not issubclass(kind, EsignError):
        return code(kind.__name__)
    return f"[`{kind.__name__}`](#{kind.__name__.lower()})"


def _sections(text: str) -> str:
    """A docstring with its list of attributes as Markdown has lists."""
    text, has_attributes, rest = text.partition("Attributes:\n")
    if not has_attributes:
        return text
    rows = re.sub(r"^ +(\w+): ", r"- `\1`: ", rest, flags=re.MULTILINE)
    return f"{text}Attributes:\n\n{rows}"

"""What a draft is made of: every field in words, and as the page's own examples write it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from docs._generate.settings import kind_of
from docs._generate.words import attributes_of, code, first_line, grid, named, one_line, told_of

PAGE = Path(__file__).resolve().parents[1] / "reference" / "draft.md"
_EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ARGUMENT = re.compile(r"^    ([a-z]\w*): (.*)$", re.MULTILINE)


def fields(place: str, *within: str) -> str:
    """The fields of a class; `within` are the names that lead to it in a draft."""
    model = named(place)
    docs = attributes_of(model)
    written = written_in_yaml(*within)
    rows = [
        (code(name), kind_of(field), written.get(name, "-"), docs.get(name, ""))
        for name, field in model.model_fields.items()
    ]
    return grid(("field", "value", "in YAML", "meaning"), rows)


def makers(place: str) -> str:
    """The class methods that make a value, with what each of them takes."""
    model = named(place)
    docs = attributes_of(model)
    rows: list[tuple[str, str]] = []
    for name, method in vars(model).items():
        if isinstance(method, classmethod) and not name.startswith("_"):
            maker = getattr(model, name)
            arguments = dict(_ARGUMENT.findall(told_of(maker)))
            own = [f"`{n}`: {text}" for n, text in arguments.items() if n not in docs]
            call = f"{model.__name__}.{name}({', '.join(_parameters(maker))})"
            rows.append((code(call), one_line(" ".join([first_line(maker), *own]))))
    return grid(("maker", "what it makes"), rows)


def written_in_yaml(*within: str) -> dict[str, str]:
    """How the page's examples write each field: the first that has it, shortened to one line."""
    found: dict[str, str] = {}
    for text in _EXAMPLE.findall(PAGE.read_text("utf-8")):
        for mapping in _inside(yaml.compose(text, yaml.SafeLoader), within):
            for key, value in mapping.value:
                _ = found.setdefault(key.value, code(f"{key.value}: {_short(text, value)}"))
    return found


def _inside(node: yaml.Node | None, within: tuple[str, ...]) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _inside(each, within)
    elif isinstance(node, yaml.MappingNode):
        if not within:
            yield node
        for key, value in node.value:
            if within and key.value == within[0]:
                yield from _inside(value, within[1:])


def _short(text: str, node: yaml.Node) -> str:
    """A value as it stands there; of what goes over several lines, its kind of brackets."""
    written = text[node.start_mark.index : node.end_mark.index].strip()
    if "\n" not in written and not written.startswith("- "):
        return written
    return "[...]" if isinstance(node, yaml.SequenceNode) else "{...}"


def _parameters(maker: Callable[..., object]) -> Iterator[str]:
    keywords = False
    for parameter in inspect.signature(maker).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            keywords = True
            yield "*"
        needed = parameter.default is parameter.empty
        yield parameter.name if needed else f"{parameter.name}={parameter.default!r}"

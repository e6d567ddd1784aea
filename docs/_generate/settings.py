"""What can be written down: settings of an account, and wishes that only one vendor knows."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from docs._generate.words import attributes_of, code, grid, named, told_of
from esign_core import Registry
from esign_core.provider import ProviderSettings

_PLAIN: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    datetime: "a time",
    Path: "a path",
    SecretStr: "text, secret",
}


def settings(place: str) -> str:
    """The settings of an installed provider, or of a class `package.module.Name`."""
    if "." in place:
        return _fields(named(place))
    return _fields(Registry.installed().provider(place).Settings, without=ProviderSettings)


def options(provider: str) -> str:
    """Every typed option of a provider, class by class."""
    kinds = Registry.installed().provider(provider).options
    if not kinds:
        return "It has none."
    return "\n\n".join(
        f"### `{kind.__name__}`\n\n{told_of(kind)}\n\n{_fields(kind)}" for kind in kinds
    )


def _fields(model: type[BaseModel], *, without: type[BaseModel] | None = None) -> str:
    docs = attributes_of(model)
    names = [n for n in model.model_fields if without is None or n not in without.model_fields]
    rows = [
        (code(name), kind_of(model.model_fields[name]), docs.get(name, ""))
        for name in names
        if name != "provider"
    ]
    return grid(("name", "value", "meaning"), rows)


def kind_of(field: FieldInfo) -> str:
    """What a field takes, in words: its type, its limits, and what it is if not given."""
    told = [_type(field.annotation), *_bounds(field.metadata)]
    default = field.get_default(call_default_factory=True)
    if field.is_required():
        told.append("**needed**")
    elif default not in (None, "", (), {}):
        told.append(f"{_value(default)} if not given")
    return ", ".join(told)


def _type(annotation: Any) -> str:
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    told = _PLAIN.get(annotation)
    if origin is Annotated:
        told = _type(arguments[0])
    elif origin in {Union, types.UnionType}:
        told = " or ".join(_type(each) for each in arguments if each is not types.NoneType)
    elif origin is Literal:
        told = " or ".join(map(_value, arguments))
    elif origin in {tuple, Sequence}:
        told = f"a list of: {_type(arguments[0])}"
    elif origin is Mapping:
        told = f"a table of: {_type(arguments[1])}"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        told = " or ".join(code(member.value) for member in annotation)
    return told or code(annotation.__name__)


def _value(value: object) -> str:
    """A value as TOML writes it; a word of a fixed set as it is."""
    return code(value.value if isinstance(value, Enum) else json.dumps(value))


def _bounds(metadata: Sequence[Any]) -> list[str]:
    words = {
        "min_length": "at least {} long",
        "max_length": "at most {} long",
        "ge": "from {}",
        "le": "to {}",
    }
    return [
        words[name].format(value)
        for each in metadata
        for name in words
        if (value := getattr(each, name, None)) not in (None, 1) or (name == "ge" and value == 1)
    ]

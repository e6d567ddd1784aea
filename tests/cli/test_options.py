"""Every wish of every installed provider, from YAML: there, whatever is written is text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest

from esign_core import InvalidDraft, Registry
from esign_core.cli.draft import read_draft
from esign_core.model import DocumentOptions, SignerOptions
from esign_core.model.options import Options

MOMENT = "2031-01-31T09:00:00+00:00"


def _samples(annotation: Any) -> list[Any]:
    """Values that a field can have, by its type."""
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Literal:
        return list(inner)
    if kind is Annotated:
        return _samples(inner[0])
    if kind in (Union, UnionType):
        return [value for each in inner if each is not type(None) for value in _samples(each)]
    if kind in (tuple, list):
        return [[value] for value in _samples(inner[0])]
    simple: dict[Any, list[Any]] = {
        bool: [True, False],
        int: [7],
        str: ["seven words"],
        datetime: [MOMENT],
    }
    return simple[annotation]


def _wishes() -> Iterator[Any]:
    for name, provider in Registry.installed().providers.items():
        for kind in provider.options:
            for field, info in kind.model_fields.items():
                for value in _samples(info.annotation):
                    label = f"{name}-{kind.__name__}-{field}-{value}"
                    yield pytest.param(kind, field, value, id=label)


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value) if isinstance(value, (bool, str)) else str(value)


def _read(folder: Path, pdf: Path, kind: type[Options], wish: str) -> Options:
    """A wish where it belongs in a draft's file, read."""
    options = f"options: {{{kind.provider}: {{{wish}}}}}"
    of_signer = f", {options}" if issubclass(kind, SignerOptions) else ""
    of_document = f", {options}" if issubclass(kind, DocumentOptions) else ""
    lines = [
        "title: X",
        f"documents: [{{path: {pdf.name}{of_document}}}]",
        f"signers: [{{name: Ann, email: a@example.com{of_signer}}}]",
        "" if of_signer or of_document else options,
    ]
    file = folder / "draft.yaml"
    _ = file.write_text("\n".join(lines), encoding="utf-8")
    draft = read_draft(file, None)
    places: list[Sequence[Options]] = [
        draft.options,
        draft.signers[0].options,
        draft.documents[0].options,
    ]
    (found,) = chain.from_iterable(places)
    return found


@pytest.mark.parametrize(("kind", "field", "value"), [*_wishes()])
def test_every_wish_can_be_written_in_yaml(
    kind: type[Options], field: str, value: Any, tmp_path: Path, pdf: Path
) -> None:
    """It comes out as what it is: yes or no, a number, a word of a list, a moment, a list."""
    found = _read(tmp_path, pdf, kind, f"{field}: {_written(value)}")
    assert isinstance(found, kind)
    meant = (
        datetime.fromisoformat(value)
        if value == MOMENT
        else tuple(value)
        if isinstance(value, list)
        else value
    )
    read = getattr(found, field)
    assert (read, type(read)) == (meant, type(meant))


@pytest.mark.parametrize("value", ["2", "01", "1.0", "one"])
def test_a_number_that_is_not_listed_is_refused(value: str, tmp_path: Path, pdf: Path) -> None:
    """Text is a number where it is written as that number, and else a mistake."""
    kind = next(
        each
        for provider in Registry.installed().providers.values()
        for each in provider.options
        if "visibility_mode" in each.model_fields
    )
    with pytest.raises(InvalidDraft, match="visibility_mode: must be 0 or 1"):
        _ = _read(tmp_path, pdf, kind, f"visibility_mode: {value}")

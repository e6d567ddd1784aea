"""What is wrong with a value, in plain words: pydantic's findings as the house tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from esign_core.errors import InvalidDraft, Problem

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "none_required": "must be left out",
    "string_type": "must be text",
    "string_sub_type": "must be text",
    "string_unicode": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must fit the pattern {pattern}",
    "bytes_type": "must be bytes",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be over {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be under {lt}",
    "less_than_equal": "must be {le} or less",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "dict_type": "must be a mapping of names to values",
    "mapping_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of names to values",
    "model_attributes_type": "must be a mapping of names to values",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "iterable_type": "must be a list",
    "sequence_str": "must be a list",
    "path_type": "must be a path",
    "datetime_type": "must be a time, as 2030-01-31T09:00:00+01:00",
    "datetime_parsing": "must be a time, as 2030-01-31T09:00:00+01:00",
    "datetime_from_date_parsing": "must be a time, as 2030-01-31T09:00:00+01:00",
    "is_instance_of": "must be of type {class}",
}
"""By pydantic's type of error; what stands in braces is in the error's context."""
_EMPTY = {"string_too_short", "too_short"}
"""Of these, a least length of one means: there is nothing."""


def problems_of(error: ValidationError, known: Iterable[str] = ()) -> Iterator[Problem]:
    """The problems in pydantic's error, by field path as the caller wrote it, without inputs.

    Args:
        error: What pydantic found.
        known: The names that the value has, to guess what an unknown one was meant to be.
    """
    for row in error.errors(include_url=False, include_input=False):
        path = _path(row["loc"])
        context = row.get("ctx", {})
        cause = context.get("error")
        if isinstance(cause, InvalidDraft):  # a nested value tells its own problems
            for problem in cause.problems:
                yield Problem(".".join(filter(None, (path, problem.field))), problem.message)
        elif isinstance(cause, ValueError):
            yield Problem(path, str(cause))
        elif row["type"] == "extra_forbidden":
            yield Problem(path, unknown_name(path, known if len(row["loc"]) == 1 else ()))
        else:
            yield Problem(path, _words(row["type"], context))


def unknown_name(name: str, known: Iterable[str]) -> str:
    """That a name is not known, with the one that was probably meant, or all there are."""
    names = list(known)
    if guess := did_you_mean(name, names):
        return f"is not known here.{guess}"
    return f"is not known here; there are {', '.join(names)}" if names else "is not known here"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` for the closest known name, or nothing."""
    import difflib  # only errors need it

    close = difflib.get_close_matches(name, list(known), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


def _words(kind: str, context: Mapping[str, Any]) -> str:
    if kind in _EMPTY and context.get("min_length") == 1:
        return "must not be empty"
    if context.get("class") == "Sequence":
        kind = "list_type"
    told = _WORDS.get(kind, "cannot be used as it is ({kind})")
    shown = {name: f"{v:g}" if isinstance(v, float) else v for name, v in context.items()}
    words = told.format(**shown, kind=kind.replace("_", " "))
    return words.replace("'", '"') if kind in {"enum", "literal_error"} else words


def _path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

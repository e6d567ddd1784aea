"""Reading JSON from outside without surprises: bounded depth, no NaN, no repeated names."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

MAX_DEPTH = 64
_MAX_DIGITS = 40
_LARGE = 10 ** (_MAX_DIGITS - 1)


class BadJson(ValueError):
    """What is wrong, as the end of a sentence: "is not JSON"."""


def read_json(data: bytes) -> Any:
    """The data, decoded from UTF-8 JSON.

    Raises:
        BadJson: It is not JSON; or it is nested over `MAX_DEPTH` deep, has a name twice in one
            object, NaN, infinity, half a character, or a number of more digits than any honest
            one.
    """
    try:
        decoded = from_json(data, allow_inf_nan=False, cache_strings="keys")
        # Two marks for each text that was written, and one more for each that is escaped in one.
        if data.count(b'"') == 2 * _texts([decoded], MAX_DEPTH + 1):
            return decoded
    except ValueError:
        pass
    return _read_exactly(data)  # it finds out what is wrong, if anything is


def _texts(values: Iterable[Any], room: int) -> int:
    """How many texts plain values hold, names included. The same name twice is one too few.

    Raises:
        ValueError: They may be nested too deep, or one may be a number that is too large.
    """
    if not room:
        raise ValueError
    count = 0
    if isinstance(values, dict):
        count, values = len(values), values.values()
    for value in values:
        if isinstance(value, str):
            count += 1
        elif isinstance(value, (dict, list)):
            count += _texts(value, room - 1)
        elif value is not None and not -_LARGE < value < _LARGE:
            raise ValueError
    return count


def _read_exactly(data: bytes) -> Any:
    if _depth(data) > MAX_DEPTH:
        raise BadJson(f"is nested over {MAX_DEPTH} deep")
    try:
        decoded = _DECODER.decode(data.decode("utf-8"))
        if b"\\ud" in data or b"\\uD" in data:  # half a pair could be stored and sent nowhere
            _ = json.dumps(decoded, ensure_ascii=False).encode("utf-8")
        return decoded
    except BadJson:
        raise
    except UnicodeEncodeError:
        raise BadJson("has half a character") from None
    except UnicodeDecodeError:
        raise BadJson("is not UTF-8") from None
    except ValueError:
        raise BadJson("is not JSON") from None


def _depth(data: bytes) -> int:
    """The deepest nesting, or at least as much; brackets inside of strings count too."""
    openings = data.count(b"[") + data.count(b"{")
    if openings <= MAX_DEPTH:  # nearly always: nothing to walk through
        return openings
    deepest = depth = 0
    in_string = escaped = False
    for byte in data:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("has a name twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise BadJson(f"has {name}, which JSON does not know")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadJson("has a number beyond all bounds")
    return number


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BadJson(f"has a number of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_float, parse_int=_int
)

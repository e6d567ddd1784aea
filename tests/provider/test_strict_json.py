from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.provider import BadJson, read_json, strict_json
from esign_core.provider.strict_json import MAX_DEPTH


@pytest.mark.promise("D4")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"{} {}", "is not JSON"),
        (b"'a'", "is not JSON"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b'"\x00"', "is not JSON"),
        (b'"\xff"', "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b"NaN", "has NaN, which JSON does not know"),
        (b"[-Infinity]", "has -Infinity, which JSON does not know"),
        (b"1e999", "has a number beyond all bounds"),
        (b"[-1e999]", "has a number beyond all bounds"),
        (b"1" * 41, "has a number of 41 digits"),
        (b'{"a": 1, "a": 2}', "has a name twice in one object"),
        (b'[{"a": {"b": 1, "\\u0062": 2}}]', "has a name twice in one object"),
        (b'"\\ud800"', "has half a character"),
        (b'{"\\uDFFF": 1}', "has half a character"),
        (b"[" * 65 + b"]" * 65, "is nested over 64 deep"),
        (b"[" * 1_000_000, "is nested over 64 deep"),
        (b'{"a":' * 100_000, "is nested over 64 deep"),
        (b'["]", ' * 65, "is nested over 64 deep"),
    ],
)
def test_what_no_honest_service_sends_is_refused(data: bytes, reason: str) -> None:
    """Each with its reason, as the end of a sentence, and never a RecursionError."""
    with pytest.raises(BadJson) as caught:
        read_json(data)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b' {"a": [1, -2.5, true, "\xc3\xb8"]} ', {"a": [1, -2.5, True, "\u00f8"]}),
        (b"1" * 40, int("1" * 40)),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b"[" + b"[]," * 100 + b"[]]", [[]] * 101),
        (b'["' + b"[" * 100 + b'"]', ["[" * 100]),
        (b'["\\"' + b"[" * 100 + b'", "\\\\", []]', ['"' + "[" * 100, "\\", []]),
    ],
)
def test_what_is_honest_is_read(data: bytes, value: Any) -> None:
    """Brackets inside of strings and beside each other are no depth."""
    read = read_json(data)
    assert value is None or read == value


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(_JSON)
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    """What was written by anybody's encoder comes back, escaped or not."""
    for is_ascii in (True, False):
        assert read_json(json.dumps(value, ensure_ascii=is_ascii).encode()) == value


@pytest.mark.promise("A1")
@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes, it is a value or `BadJson`; what was read can be written."""
    try:
        value = read_json(data)
    except BadJson:
        return
    json.dumps(value, ensure_ascii=False).encode()


_SCRAPS = rb"""{ } [ ] : , " \ \" \u0022 \ud83d "a" "b": 1 -0 -0.0 1e5 1e999 NaN null""".split()
_ODD = st.sampled_from([*_SCRAPS, b" ", b"9" * 39, b"9" * 41, b"\xc3"])


def _object(pairs: Sequence[tuple[str, object]]) -> bytes:
    told = (f'"{name}":{json.dumps(value)}' for name, value in pairs)
    return f"{{{','.join(told)}}}".encode()


_NAMES = st.sampled_from(["a", r"\u0061", "b", r"\"", r"\\", r"\u0022"])
_TWICE = st.lists(st.tuples(_NAMES, st.integers() | st.text()), max_size=4).map(_object)
"""Objects in which a name may stand twice, in two spellings, beside what looks like marks."""


@pytest.mark.promise("D4")
@given(st.lists(_ODD, max_size=12).map(b"".join) | _TWICE | st.binary(max_size=6))
def test_quick_way_and_exact_way_agree(data: bytes) -> None:
    """Most is read by a quick reader that lets more pass; what it lets pass is never believed."""

    def outcome(read: Callable[[bytes], Any]) -> str:
        try:
            return repr(read(data))
        except BadJson as error:
            return str(error)

    assert outcome(read_json) == outcome(strict_json._read_exactly)


@pytest.mark.parametrize("is_quick", [True, False])
def test_usual_deliveries_are_read_quickly(
    monkeypatch: pytest.MonkeyPatch, *, is_quick: bool
) -> None:
    """What vendors send needs the exact reader only where a text has a mark in it."""
    exact: list[bytes] = []
    monkeypatch.setattr(strict_json, "_read_exactly", exact.append)
    title = "L\u00f8kke 14 / 2" if is_quick else 'The "lease"'
    data = json.dumps({"title": title, "at": "14:30", "n": [1, -2.5, None, True]}).encode()
    _ = read_json(data)
    assert exact == ([] if is_quick else [data])

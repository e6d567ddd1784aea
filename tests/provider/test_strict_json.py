from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.provider import BadJson, read_json
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

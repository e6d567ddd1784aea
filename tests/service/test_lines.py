from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.service.lines import dotted, line_of, lines_of

TEXT = '''\
# journal = "a comment"
journal = "sqlite:///esign.db" # with another
note = """
journal = "inside of a text"
[connections.inside]
a quote: \\""" and more"""""
other = \'\'\'
[connections.also-inside]
\'\'\'

[connections.penneo-dk]
  provider = "penneo"   # [connections.no]
"api_key" = 'x # = ['
webhook_secrets = [
  "one",  # a = 1
  "two = ]",
]
storage.endpoint = "y"
lease = { document = "lease.pdf", roles = { a = "b" } }

[ connections . "my vendor" . templates.nda ]
id = "t1"
[[list]]
name = "first"
[connections.penneo-dk.templates]
sale = {
}
'''


def test_every_setting_has_its_line() -> None:
    """What only looks like a setting, in a text, a list or a comment, is none."""
    assert lines_of(TEXT) == {
        "journal": 2,
        "note": 3,
        "other": 7,
        "connections": 11,
        "connections.penneo-dk": 11,
        "connections.penneo-dk.provider": 12,
        "connections.penneo-dk.api_key": 13,
        "connections.penneo-dk.webhook_secrets": 14,
        "connections.penneo-dk.storage": 18,
        "connections.penneo-dk.storage.endpoint": 18,
        "connections.penneo-dk.lease": 19,
        'connections."my vendor"': 21,
        'connections."my vendor".templates': 21,
        'connections."my vendor".templates.nda': 21,
        'connections."my vendor".templates.nda.id': 22,
        "list": 23,
        "list.name": 24,
        "connections.penneo-dk.templates": 25,
        "connections.penneo-dk.templates.sale": 26,
    }


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("connections.penneo-dk.api_key", 13),
        ("connections.penneo-dk.webhook_secrets[1]", 14),
        ("connections.penneo-dk.lease.roles.a", 19),
        ("connections.penneo-dk.missing", 11),
        ("connections.penneo-dk.templates.sale.document", 26),
        ("nowhere.at.all", None),
        ("", None),
    ],
)
def test_what_has_no_line_has_that_of_what_is_around_it(field: str, line: int | None) -> None:
    """A missing setting belongs into its table, an element to its list; else there is no line."""
    assert line_of(field, lines_of(TEXT)) == line


def test_other_ends_of_lines_count_the_same() -> None:
    """Files come from everywhere."""
    assert lines_of(TEXT.replace("\n", "\r\n")) == lines_of(TEXT)


TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), min_size=1)
VALUES = st.recursive(
    TEXTS | st.integers(-9, 9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def written(value: Any, *, between: str) -> str:
    """A value as TOML, with what stands between brackets, elements and the like."""
    if isinstance(value, list):
        inner = [written(each, between=between) for each in value]
        return f"[{between}{f',{between}'.join(inner)}{between}]"
    return json.dumps(value)


@given(
    tables=st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES)),
    between=st.sampled_from([" ", "\n", "\n# a = [\n"]),
)
def test_any_setting_is_found(tables: dict[str, dict[str, Any]], between: str) -> None:
    """Each setting is found on the line on which it was written, whatever stands around it."""
    lines: list[str] = []
    expected: dict[str, int] = {}
    for table, settings in tables.items():
        expected[dotted([table])] = len(lines) + 1
        lines.append(f"[{dotted([table])}] # a comment")
        for name, value in settings.items():
            expected[dotted([table, name])] = len(lines) + 1
            text = f"{dotted([name])} = {written(value, between=between)}"
            lines += text.split("\n")
    text = "\n".join(lines)
    assert tomllib.loads(text).keys() == tables.keys(), "else this test wrote no TOML"
    assert lines_of(text) == expected

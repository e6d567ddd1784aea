"""Each row of the table, at each vendor, in each way of calling.

Whatever is given: the error has its own name, says what it was about, what happened, what that
means and what to do; it shows nothing private; nobody was asked who should not have been; and the
journal has a record of whatever is half done.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from esign_core import EsignError
from esign_core.sandbox import Simulator
from tests.bad_input.row import Row
from tests.bad_input.scene import Scene, Way
from tests.bad_input.table import TABLE

CASES = [
    pytest.param(row, vendor, way, id=f"{row.given} ({vendor}, {way})")
    for row in TABLE
    for vendor in row.at
    for way in row.by
]
LOOKED_FOR = {
    Way.CONNECTION: "look for it at the vendor before you send it again",
    Way.ESIGN: "It is being looked for; `esign show env_",
}
"""What to do where nobody knows whether it was sent: without a journal, and with one."""


def told(error: EsignError) -> str:
    """All that a person reads of an error, in a traceback or on the command line."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


def shown(error: EsignError) -> str:
    """All that could be printed of an error, and of what caused it."""
    seen: list[object] = [told(error), repr(error), error.args, error.problems]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " ".join([*map(str, seen), *([str(cause), repr(cause)] if cause is not None else [])])


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged, but for the test's own browser and for the simulators."""
    ours = ("esign", "stamina", "sqlalchemy")
    return " ".join(each.getMessage() for each in caplog.records if each.name.startswith(ours))


@pytest.mark.promise("D1", "S2")
@pytest.mark.parametrize(("row", "vendor", "way"), CASES)
def test_bad_input(  # noqa: PLR0917 - fixtures
    row: Row,
    vendor: str,
    way: Way,
    sandboxes: dict[str, Simulator],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the row says, and nothing private in any error, log or record."""
    caplog.set_level(logging.DEBUG)
    with Scene(sandboxes[vendor], way, tmp_path) as scene:
        error: EsignError | None = None
        try:
            row.deed(scene)
        except EsignError as caught:
            error = caught
        assert type(error) is (row.error or type(None))
        if error is not None:
            assert error.outcome is row.outcome
            words = {"via": scene.via, "vendor": vendor, "looked_for": LOOKED_FOR[way]}
            for expected in (row.to_what, row.what, row.so, row.to_do):
                assert expected.format(**words) in told(error)
        assert scene.delivered(at_least=row.asked) == row.asked
        recorded, failures = scene.recorded()
        assert recorded == (list(row.journal) if way is Way.ESIGN else [])
        assert scene.left_over() == []
        assert "Exception in ASGI application" not in caplog.text
        public = f"{shown(error) if error is not None else ''} {failures} {logged(caplog)}"
        assert [each for each in scene.people if each in public] == []
        kept = f"{public} {error.raw if error is not None else ''}"
        assert [each for each in scene.secrets() if each in kept] == []

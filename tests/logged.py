"""What is logged while a test runs, by anybody."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from esign_core.engine.logs import Record

HOSTILE = "x\nERROR root: forged\r\x1b[31m\u2028\u202eevil\x00\x85"
"""A line break, a carriage return, colours, a Unicode line end, a turn of direction."""


class Heard(logging.Handler):
    """Everything that is logged, by anybody, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def ours(self) -> list[logging.LogRecord]:
        return [each for each in self.records if each.name.split(".")[0] == "esign"]

    def told(self, record: Record) -> list[dict[str, Any]]:
        """The fields of each record of a kind."""
        return [fields_of(each) for each in self.ours if each.msg == record.message]

    @property
    def lines(self) -> list[str]:
        """As a plain formatter and as one that tells all fields write them."""
        plain = logging.Formatter("%(levelname)s %(name)s %(message)s")
        written = [plain.format(each) for each in self.records]
        return written + [" ".join(map(str, fields_of(each).values())) for each in self.records]

    @property
    def text(self) -> str:
        """All that could be written of it, whatever the formatter."""
        return "\n".join([*self.lines, *(repr(vars(each)) for each in self.records)])


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is beside the message."""
    return {name: value for name, value in vars(record).items() if name.startswith("esign_")}


@contextmanager
def heard() -> Generator[Heard]:
    """Everything that is logged, for as long as this lasts."""
    handler, root = Heard(), logging.getLogger()
    loud = [root, logging.getLogger("sqlalchemy")]  # which is quiet unless told
    before = [each.level for each in loud]
    for each in loud:
        each.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for each, level in zip(loud, before, strict=True):
        each.setLevel(level)

"""Looking for secrets in everything that is written, shown, raised or pickled."""

from __future__ import annotations

import base64
import gc
import io
import logging
import pickle
import traceback
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, inspect, text

OURS = ("esign_core", "esign_penneo", "esign_penvio")
SHORTEST_PART = 16
"""Half a secret is looked for too, if it is as long as this."""
NEEDED = {
    ("esign_envelopes", "job"),  # without it an envelope that is being made cannot be found again
    ("esign_inbox", "body"),  # as it came: what a vendor tells, it tells again after an upgrade
    ("esign_inbox", "headers"),
}
"""Where the journal has secrets because it needs them."""


@dataclass
class Search:
    """Secrets by what they are, and all that was written, by where."""

    secrets: dict[str, set[str]] = field(default_factory=dict)
    written: dict[str, set[bytes]] = field(default_factory=dict)

    def add(self, kind: str, *values: str) -> None:
        """Look for these."""
        self.secrets.setdefault(kind, set()).update(value for value in values if value)

    def look(self, place: str, written: str | bytes) -> None:
        """Look through this."""
        data = written.encode("utf-8", "surrogatepass") if isinstance(written, str) else written
        self.written.setdefault(place, set()).add(data)

    def looked(self, place: str) -> int:
        """How many bytes of a place are looked through: one that is empty proves nothing."""
        return sum(map(len, self.written.get(place, ())))

    def found(self) -> dict[str, str]:
        """Each kind of secret and place where one of it is, with what stands around it."""
        hits: dict[str, str] = {}
        for place, texts in self.written.items():
            data = b"\n".join(texts)
            for kind, values in self.secrets.items():
                for form in {form for value in values for form in _forms(value)}:
                    if (at := data.find(form)) >= 0:
                        hits[f"{kind} in {place}"] = repr(data[max(0, at - 80) : at + 80])
                        break
        return hits


def _forms(value: str) -> Iterator[bytes]:
    """As it is, as addresses and as base64 have it, and each half."""
    data = value.encode()
    yield from (data, quote(value, safe="").encode(), base64.b64encode(data).rstrip(b"="))
    half = len(data) // 2
    if half >= SHORTEST_PART:
        yield from (data[:half], data[-half:])


class Log(logging.Handler):
    """Every record of everybody at every level, with all that it carries."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.written = io.StringIO()
        self._formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it as a formatter would, and as one that writes every field."""
        told = {name: value for name, value in vars(record).items() if name != "exc_info"}
        _ = self.written.write(f"{self._formatter.format(record)}\n{told}\n")

    @contextmanager
    def listening(self) -> Generator[None]:
        """While this lasts: what tests do in between is their own business."""
        root = logging.getLogger()
        before = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(before)
            root.removeHandler(self)


def look_at_error(search: Search, error: BaseException) -> None:
    """In its words, its fields, its notes, its traceback, its pickle; and in what it leads back to.

    As far as it is shown: what was raised `from None` leads back to nothing.
    """
    each: BaseException | None = error
    seen: list[BaseException] = []
    while each is not None and each not in seen:
        seen.append(each)
        own = {name: value for name, value in vars(each).items() if name != "job"}
        notes = getattr(each, "__notes__", [])
        search.look("errors", f"{each} {each!r} {each.args!r} {notes} {own}")
        if type(each).__module__.startswith(OURS):
            look_at_pickle(search, each)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    search.look("tracebacks", "".join(traceback.format_exception(error)))


def look_at_pickle(search: Search, value: object) -> None:
    """In its pickle, if it has one: what is a secret refuses."""
    try:
        written = pickle.dumps(value)
    except (TypeError, AttributeError, pickle.PicklingError):
        return
    search.look(f"pickles of {type(value).__name__}", written)


def look_at_everything_alive(search: Search) -> None:
    """In what every object of ours shows, and in its pickle."""
    for value in gc.get_objects():
        module = str(type(value).__module__)
        if module.startswith(OURS) and ".sandbox" not in module and ".testing" not in module:
            search.look(f"reprs of {type(value).__name__}", repr(value))
            if not module.endswith(".wire"):  # a vendor's words, which live as long as a call
                look_at_pickle(search, value)


def look_at_journal(search: Search, url: str) -> None:
    """In every column of every table, but for those few that need a secret."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {table}")).mappings():  # noqa: S608
                look_at_row(search, table, dict(row))
    engine.dispose()


def look_at_row(search: Search, table: str, row: Mapping[Any, object]) -> None:
    """In each column."""
    for column, value in row.items():
        if (table, column) not in NEEDED:
            written = value if isinstance(value, bytes) else str(value)
            search.look(f"journal: {table}.{column}", written)


def look_at_files(search: Search, folder: Path, *, but: str) -> None:
    """In every file that was written beside the journal and what was downloaded."""
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith(but):
            search.look(f"files: {path.name}", path.read_bytes())

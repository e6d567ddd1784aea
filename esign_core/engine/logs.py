"""How anything is logged: the fields that there are, and the only way to write a record.

Every record stands in `records`.

A message is a constant with places for fields, and a field is a word of ours, a number, or a name
that is cut short and put on one line. Nobody else's words are in it, and nobody's data: so no
record can hold a secret, and none can pretend to be another line.

Nothing here sets a level, a handler or a filter: that is for the program that uses this.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from esign_core.model import printable

if TYPE_CHECKING:
    from typing import Unpack

LONGEST = 300
"""How many characters of a name are told."""
_PLACE = re.compile(r"%\((\w+)\)s")


class Fields(TypedDict, total=False):
    """What a record may tell, as it stands in `extra`. What is not known is left out."""

    esign_attempt: int
    """How often this request has been made, this time counted."""
    esign_authenticity: str
    """How far a delivery is proven: `signed_fresh`, `signed`, `secret`, `none`."""
    esign_connection: str
    """The connection's name."""
    esign_duration_seconds: float
    """How long it took."""
    esign_envelope_id: str
    """Our id of the envelope."""
    esign_error: str
    """The kind of error, such as `Refused`; never its words."""
    esign_event_id: str
    """The event's id."""
    esign_host: str
    """Which of the vendor's hosts, by the adapter's name for it."""
    esign_left_out: int
    """How many more of the same kind came since the record before, and were not logged."""
    esign_method: str
    """The HTTP method."""
    esign_operation: str
    """What was asked for: `send`, `fetch`, `cancel`, `grant` (a token), `transfer` (a file) ..."""
    esign_outcome: str
    """Whether it happened at the vendor: `done`, `not_done`, `uncertain`."""
    esign_path: str
    """The path as the adapter declares it, with `{}` for what differs from call to call."""
    esign_pause_seconds: float
    """How long until it is tried again."""
    esign_place: str
    """The file, line and function where it was raised."""
    esign_plugin: str
    """The plugin's name."""
    esign_provider: str
    """The provider's name."""
    esign_reason: str
    """Why: a stable code; or our own words about the journal."""
    esign_seq: int
    """The event's position in the stream."""
    esign_state: str
    """What was made of a delivery, as `esign inbox` tells it."""
    esign_status_code: int
    """The HTTP status of the vendor's answer."""
    esign_work: str
    """The kind of work: `refresh`, `poll_job`, `look_up` ..."""
    esign_work_id: int
    """The work's id, as `esign work` tells it."""


@dataclass(frozen=True)
class Record:
    """One thing that is logged: where, how loudly, in which words."""

    logger: str
    """The logger's name."""
    level: int
    """As in `logging`."""
    message: str
    """The words, with `%(field)s` for fields; those are always known."""
    when: str
    """For the reference."""
    also: str = ""
    """More fields, with spaces between; those that are known are told."""
    fields: tuple[str, ...] = field(init=False)
    """All that it may tell."""
    is_wanted: Callable[[], bool] = field(init=False, repr=False)
    """Whether anybody listens."""
    _logger: logging.Logger = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fields = sorted({*_PLACE.findall(self.message), *self.also.split()})
        object.__setattr__(self, "fields", tuple(fields))
        logger = logging.getLogger(self.logger)
        object.__setattr__(self, "_logger", logger)
        object.__setattr__(self, "is_wanted", partial(logger.isEnabledFor, self.level))

    def write(self, known: Fields | None = None, **more: Unpack[Fields]) -> None:
        """Log it with those of the fields that belong to it."""
        if self.is_wanted():
            given: dict[str, object] = {**(known or {}), **more}
            told = {name: fit(given[name]) for name in self.fields if name in given}
            self._logger.log(self.level, self.message, told, extra=told, stacklevel=2)


def fit(value: object) -> str | int | float | None:
    """A value as it may be told: a number, or a short text on one line."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 6)
    return printable(str(value)[:LONGEST])

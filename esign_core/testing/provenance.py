"""Where the answers of a cassette come from: the head of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self


class Origin(StrEnum):
    """Where the answers of a cassette come from."""

    DOCUMENTED = "documented"
    """From the vendor's published pages, to the letter."""
    SIMULATED = "simulated"
    """Recorded against the simulator that comes with the provider."""
    LIVE = "live"
    """Recorded against the vendor."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The head of a cassette."""

    origin: Origin
    """What kind of place."""
    source: str
    """Which page, simulator or environment."""
    clock: datetime
    """What time it was for the caller; a replay sets the provider's clock to it."""
    day: date | None = None
    """When it was recorded; for `live` ones."""
    changed: str | None = None
    """What was changed of published values, such as a number for a placeholder; None: nothing."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What the caller gave, such as the envelope's id, to be given again in a replay."""

    @classmethod
    def of(cls, data: object, where: str) -> Self:
        """The head of a file.

        Raises:
            ValueError: There is none, or it lacks something.
        """
        if not isinstance(data, Mapping):
            raise ValueError(  # noqa: TRY004 - it is the file that is wrong
                f"{where} does not say where its answers come from: it has no `provenance`."
            )
        try:
            head = cls(
                origin=Origin(data["origin"]),
                source=str(data["source"]),
                clock=datetime.fromisoformat(data["clock"]),
                day=date.fromisoformat(data["day"]) if "day" in data else None,
                changed=data.get("changed"),
                given={str(name): str(value) for name, value in data.get("given", {}).items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"{where} does not say where its answers come from: provenance is wrong at {error}."
            ) from None
        if head.clock.tzinfo is None:
            raise ValueError(f"{where}: provenance.clock has no time zone.")
        if head.origin is Origin.LIVE and head.day is None:
            raise ValueError(f"{where} is live and does not say of which day: provenance.day.")
        return head

    def to_data(self) -> dict[str, Any]:
        """As it stands in the file."""
        told = {
            "origin": self.origin.value,
            "source": self.source,
            "clock": self.clock.isoformat(),
            "day": self.day.isoformat() if self.day else None,
            "changed": self.changed,
            "given": dict(self.given),
        }
        return {name: value for name, value in told.items() if value}

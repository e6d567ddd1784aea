"""Penneo's ways of writing a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo


def moment(value: Any) -> datetime | None:
    """A moment, aware and in UTC; None for what is none, so that one field spoils no answer.

    Takes UNIX seconds (Sign API, V), ISO 8601 (jobs, V) and PHP's dates, which are
    `{"date": ..., "timezone_type": ..., "timezone": ...}` (webhooks, V).
    """
    try:
        if isinstance(value, (dict, Mapping)):
            return _in_utc(str(value["date"]), _zone(str(value.get("timezone", "UTC"))))
        if isinstance(value, str) and not value.isdecimal():
            return _in_utc(value, UTC)
        if isinstance(value, bool) or value is None or float(value) <= 0:
            return None
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


def _in_utc(text: str, zone: tzinfo) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = datetime.combine(at.date(), at.time(), zone)  # a quarter of what `replace` takes
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _zone(name: str) -> tzinfo:
    """PHP's three kinds: an offset such as +02:00, an abbreviation, a name (I but for UTC)."""
    if name in {"UTC", "Z"}:  # the only one that was ever shown
        return UTC
    if name[:1] in {"+", "-"}:
        hours, _, minutes = name[1:].partition(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-offset if name[0] == "-" else offset)
    return ZoneInfo(name)  # ZoneInfoNotFoundError is a KeyError

"""What every value that a user writes shares: frozen, strict about unknown fields, clear errors."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from esign_core.errors import InvalidDraft
from esign_core.model.secrecy import holds_secret, refusal
from esign_core.model.wording import problems_of


def _in_utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("needs a time zone, as in 2030-01-31T09:00:00+01:00")
    return time.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time that is one everywhere."""

_building = threading.RLock()


class Value(BaseModel):
    """A frozen model that raises `InvalidDraft`, never pydantic's own error.

    Inputs do not appear in messages: they may be documents, e-mails or national ids.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # validators are built on first use: importing the models stays quick
    )

    def __init__(self, /, **data: Any) -> None:
        _expect_built(type(self))
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise _invalid(type(self), error) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """The value from plain data.

        Raises:
            InvalidDraft: It cannot be that value; `problems` tells all of it at once.
        """
        _expect_built(cls)
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise _invalid(cls, error) from None

    def __getstate__(self) -> dict[Any, Any]:
        secrets = [name for name, value in self.__dict__.items() if holds_secret(value)]
        if secrets:  # left out, it would be another wish: one that nobody has to prove
            raise refusal(
                type(self).__name__,
                f"{' and '.join(secrets)} would be readable",
                "Pass on what it is made from, each secret in the way that you keep secrets, and "
                "make it anew where it is needed.",
            )
        return super().__getstate__()


def _expect_built(kind: type[Value]) -> None:
    """Build a model that is not built yet; older versions of pydantic cannot in two threads."""
    if not kind.__pydantic_complete__:
        with _building:
            _ = kind.model_rebuild()


def _invalid(kind: type[Value], error: ValidationError) -> InvalidDraft:
    known = [name for name, field in kind.model_fields.items() if not field.exclude]
    return InvalidDraft(kind.__name__, list(problems_of(error, known)))

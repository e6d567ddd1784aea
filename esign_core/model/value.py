"""What every value that a user writes shares: frozen, strict about unknown fields, clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from esign_core.errors import InvalidDraft, Problem


class Value(BaseModel):
    """A frozen model that raises `InvalidDraft`, never pydantic's own error.

    Inputs do not appear in messages: they may be documents, e-mails or national ids.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise InvalidDraft(type(self).__name__, list(problems_of(error))) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """The value from plain data.

        Raises:
            InvalidDraft: It cannot be that value; `problems` tells all of it at once.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise InvalidDraft(cls.__name__, list(problems_of(error))) from None


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """The problems in pydantic's error, by field path as the caller wrote it, without inputs."""
    for row in error.errors(include_url=False, include_input=False):
        path = _path(row["loc"])
        context = row.get("ctx", {})
        cause = context.get("error")
        if row["type"] == "too_short":
            least = context.get("min_length")
            yield Problem(path, "is empty" if least == 1 else f"needs at least {least}")
        elif isinstance(cause, InvalidDraft):  # a nested value tells its own problems
            for problem in cause.problems:
                yield Problem(".".join(filter(None, (path, problem.field))), problem.message)
        else:
            yield Problem(path, row["msg"].removeprefix("Value error, "))


def _path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

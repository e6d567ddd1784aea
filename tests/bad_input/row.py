"""A row of the table: something bad, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass

from esign_core import EsignError, Outcome
from tests.bad_input.scene import Deed, Way


@dataclass(frozen=True)
class Row:
    """What is given; what the caller is told; and what is true afterwards."""

    given: str
    """In words."""
    deed: Deed
    """What is done."""
    error: type[EsignError] | None = None
    """What is raised; None where everything goes well."""
    to_what: str = ""
    """Words of the message: what it was about."""
    what: str = ""
    """Words of the message: what happened."""
    so: str = ""
    """Words of the message: what that means for what was asked."""
    to_do: str = ""
    """Words of the message: what to do now."""
    outcome: Outcome = Outcome.NOT_DONE
    """Whether it was done, as the error says it."""
    asked: int = 0
    """How many envelopes have reached their signers in the end, by the vendor's ledger."""
    journal: tuple[Outcome, ...] = ()
    """The outcomes of the envelopes in the journal, where there is one."""
    at: tuple[str, ...] = ("penneo", "penvio")
    """The vendors."""
    by: tuple[Way, ...] = (Way.CONNECTION, Way.ESIGN)
    """The ways of calling."""

    def __post_init__(self) -> None:
        words = (self.to_what, self.what, self.so or self.to_do)
        if self.error is not None and not all(words):
            raise ValueError(f"{self.given}: without words, any message would do")

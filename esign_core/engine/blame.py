"""What an adapter's code gets wrong, named as its fault; and what a vendor's refusals mean."""

from __future__ import annotations

from typing import Any, TypeVar

from esign_core.engine.links import fit_links
from esign_core.engine.redaction import fit_to_show
from esign_core.errors import BrokenProvider, EsignError, Outcome, Unavailable, UnreadableAnswer
from esign_core.model import Job, Page, Snapshot
from esign_core.provider import (
    HttpDownload,
    ObjectDownload,
    Provider,
    Request,
    Response,
    Template,
    Token,
)
from esign_core.provider.blame import blamed

T = TypeVar("T")

_ERROR_FROM = 400
_BROKE_FROM = 500
_FROM_A_PROXY = frozenset({408, 460, 499})
"""It did not wait for the answer of whom it asked."""
_ANSWERS: dict[str, tuple[type, ...]] = {
    "send": (Snapshot, Job),
    "poll": (Snapshot, Job),
    "fetch": (Snapshot,),
    "dispatch": (Snapshot,),
    "cancel": (Snapshot,),
    "find": (Snapshot, type(None)),
    "list": (Page,),
    "download": (HttpDownload, ObjectDownload),
    "grant": (Token,),
    "probe": (Response,),
    "check": (Response, Template, tuple),
}


def expected_answer(answer: T, what: str, operation: str) -> T:
    """What a flow answered; looked at, because an adapter's types are promises only.

    Raises:
        BrokenProvider: It is none of what the operation answers.
        UnreadableAnswer: It is a signing link that leads elsewhere than to a web page.
    """
    kinds = _ANSWERS.get(operation)
    if kinds is not None and not isinstance(answer, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise BrokenProvider(f"{what} answered {type(answer).__name__}, not {names}")
    return fit_links(answer)


def explain(
    provider: Provider[Any], request: Request, response: Response, token: Token | None = None
) -> EsignError:
    """The error that an answer of 300 or more stands for, and what it leaves open.

    Whatever the vendor quotes, the credentials and the token that was sent are not in it.
    """
    try:
        error = _explained(provider, response)
    except BrokenProvider as fault:
        error = fault
    error.status_code = error.status_code or response.status
    if request.is_reading:
        error.outcome = Outcome.NOT_DONE  # nothing was asked for that could be half done
    elif isinstance(error, (Unavailable, BrokenProvider)) or _may_follow_the_deed(response.status):
        error.outcome = Outcome.UNCERTAIN  # it may have broken after the deed
    return fit_to_show(error, provider, token)


def _may_follow_the_deed(status: int) -> bool:
    """Whether no word in the answer can prove that nothing was done."""
    return status >= _BROKE_FROM or status in _FROM_A_PROXY


def _explained(provider: Provider[Any], response: Response) -> EsignError:
    if response.status < _ERROR_FROM:
        return UnreadableAnswer(
            f"{response.status}, the vendor leads elsewhere; credentials do not go there. Look at "
            "the base URL."
        )
    what = f"{provider.name}.explain"
    with blamed(what):
        error = provider.explain(response)
    if not isinstance(error, EsignError):
        raise BrokenProvider(f"{what} answered {type(error).__name__}, not an error")
    return error

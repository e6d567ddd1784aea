"""Getting a token that is good, one asking for all who want it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from esign_core.engine.effects import Task, exclusive
from esign_core.engine.sharing import Wanted, account_of, shared
from esign_core.engine.tokens import is_good
from esign_core.errors import EsignError, Outcome
from esign_core.provider import Token

if TYPE_CHECKING:
    from esign_core.engine.session import Session


def renewed(
    session: Session, refused: Token | None, grant: Callable[[], Task[Token]]
) -> Task[Token]:
    """A token other than the refused one; asked for by one at a time in this process.

    Raises:
        EsignError: There is none; nothing was done.
    """
    renew = partial(_renew, session, refused, grant, session.failures.count)
    return exclusive(f"token/{session.name}", renew)


def _renew(
    session: Session, refused: Token | None, grant: Callable[[], Task[Token]], failures: int
) -> Task[Token]:
    token = session.tokens.get(session.name)  # perhaps somebody else has renewed it meanwhile
    if token is not None and is_good(token, session.provider.now(), refused=refused):
        return token
    session.failures.expect_none_since(failures)
    try:
        if session.token_store is None:
            token, is_found = (yield from grant()), False
        else:
            want = _wanting(session, refused)
            token, is_found = yield from shared(session.token_store, want, grant)
    except EsignError as error:
        error.outcome = Outcome.NOT_DONE  # asking for a token asks nobody to sign
        session.failures.add(error)
        raise
    session.tokens.put(session.name, token, is_found=is_found)
    return token


def _wanting(session: Session, refused: Token | None) -> Callable[[], Wanted]:
    account = account_of(session.provider)
    return lambda: Wanted(session.name, account, refused, session.provider.now())

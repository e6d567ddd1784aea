from __future__ import annotations

import inspect
import pickle

import pytest

from esign_core import errors
from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    InvalidDraft,
    KeyReused,
    Misconfigured,
    NotFound,
    Outcome,
    Problem,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    Uncertain,
    UnreadableAnswer,
    WebhookRejected,
)

CLASSES = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, EsignError)
]
LOCATED = {"connection": "acme-eu", "subject": "Lease 14"}


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing at the top of the module names every error, below its parent."""
    drawn: dict[str, str] = {}
    above = ["EsignError"]
    for line in (errors.__doc__ or "").split("```")[1].splitlines()[2:]:
        text = line.lstrip("│├└─ ")
        depth = (len(line) - len(text)) // 4
        above[depth:] = [text.split()[0]]
        drawn[above[depth]] = above[depth - 1]
    real = {each.__name__: each.__bases__[0].__name__ for each in CLASSES if each is not EsignError}
    assert drawn == real


def test_what_happened_is_a_sentence() -> None:
    """Who did not do what to what, what the vendor said, and what that means."""
    refused = Refused('400, signers[1].role "x" is too short.', status_code=400)
    assert str(refused) == '400, signers[1].role "x" is too short.'
    located = refused.locate(operation="send", **LOCATED)
    assert located is refused
    assert str(located) == (
        'acme-eu did not send "Lease 14": 400, signers[1].role "x" is too short. Nothing was sent.'
    )


@pytest.mark.parametrize(
    ("operation", "outcome", "told"),
    [
        ("send", Outcome.NOT_DONE, 'acme-eu did not send "Lease 14": gone. Nothing was sent.'),
        ("send", Outcome.DONE, 'acme-eu was asked to send "Lease 14": gone. It was sent.'),
        (
            "dispatch",
            Outcome.UNCERTAIN,
            'acme-eu was asked to dispatch "Lease 14": gone. It may have been sent.',
        ),
        ("fetch", Outcome.NOT_DONE, 'acme-eu did not fetch "Lease 14": gone.'),
        (
            "cancel",
            Outcome.UNCERTAIN,
            'acme-eu was asked to cancel "Lease 14": gone. It may be done; look at it.',
        ),
        ("cancel", Outcome.DONE, 'acme-eu was asked to cancel "Lease 14": gone. It was done.'),
        ("poll", Outcome.NOT_DONE, 'acme-eu did not make the envelope "Lease 14": gone.'),
        (
            "signing_links",
            Outcome.NOT_DONE,
            'acme-eu did not hand out links of "Lease 14": gone.',
        ),
    ],
)
def test_what_it_means_is_told_where_somebody_may_have_been_asked(
    operation: str, outcome: Outcome, told: str
) -> None:
    """Who says that somebody did not do what may be done tells half of the truth."""
    error = ProviderError("gone.", outcome=outcome)
    assert str(error.locate(operation=operation, **LOCATED)) == told


def test_what_can_be_done_is_told() -> None:
    """Of what is down and of what is not there; where nothing was asked of anybody."""
    down, gone = Unavailable("503.", outcome=Outcome.NOT_DONE), NotFound("404.")
    assert str(down.locate(operation="send", **LOCATED)).endswith("sent. Try again later.")
    told = str(gone.locate(operation="fetch", **LOCATED))
    assert told.endswith("404. It may be deleted, or of another account.")
    assert str(NotFound("404.").locate(operation="send", **LOCATED)).endswith("Nothing was sent.")


def test_less_is_told_where_less_is_known() -> None:
    """Without a subject, without a connection, without anything."""
    assert str(Refused("400.", provider="acme", operation="fetch")) == "acme did not fetch: 400."
    assert str(NotFound("404.", provider="acme")) == "404."
    assert str(NotFound("404.", operation="fetch")) == "404."


def test_what_an_error_knows_already_stays() -> None:
    """The innermost place is the right one."""
    error = NotFound("404.", connection="inner", envelope_id="env_1")
    located = error.locate(
        provider="acme", connection="outer", operation="fetch", subject="x", envelope_id="env_2"
    )
    assert (located.connection, located.envelope_id) == ("inner", "env_1")
    assert (located.provider, located.operation, located.subject) == ("acme", "fetch", "x")


def test_the_outcome_is_not_done_unless_it_is_said() -> None:
    """An error that cannot know is uncertain by itself."""
    assert EsignError("x").outcome is Outcome.NOT_DONE
    assert Uncertain("x").outcome is Outcome.UNCERTAIN
    assert UnreadableAnswer("x").outcome is Outcome.UNCERTAIN
    assert UnreadableAnswer("x", outcome=Outcome.NOT_DONE).outcome is Outcome.NOT_DONE


def test_an_invalid_draft_tells_everything_at_once() -> None:
    """It is a ValueError too, as whoever writes plain Python expects."""
    error = InvalidDraft("EnvelopeDraft", [Problem("title", "is empty"), Problem("", "is odd")])
    assert str(error) == "EnvelopeDraft: title: is empty; is odd. Nothing was sent."
    asked = InvalidDraft("EnvelopeDraft", [Problem("", 'Did you mean "title"?')])
    assert str(asked) == 'EnvelopeDraft: Did you mean "title"? Nothing was sent.'
    assert isinstance(error, ValueError)


def test_the_kinds_keep_what_they_add() -> None:
    """Problems, reasons, differences, times."""
    closed = EnvelopeClosed("400.", problems=[Problem("a", "b")], status_code=400)
    assert (closed.problems, closed.status_code) == ((Problem("a", "b"),), 400)
    assert WebhookRejected("unsigned", "no signature.").reason == "unsigned"
    assert RateLimited("429.", retry_after_seconds=3.5).retry_after_seconds == 3.5
    reused = KeyReused("x", differences={"title": ("a", "b")})
    assert reused.differences == {"title": ("a", "b")}


@pytest.mark.parametrize(
    "error",
    [
        EsignError("x"),
        Misconfigured("x", provider="acme"),
        InvalidDraft("Signer", [Problem("email", "is not an e-mail address")]),
        Refused("x", problems=[Problem("a", "b")], raw={"a": 1}).locate(**LOCATED),
        WebhookRejected("unsigned", "x"),
        KeyReused("x", differences={"title": ("a", "b")}),
    ],
)
def test_errors_travel_between_processes(error: EsignError) -> None:
    """Pickled and back, an error is the same: kind, message, and all that it knows."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__
    assert again.args == error.args


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_says_what_happened(kind: type[EsignError]) -> None:
    """Each has a docstring; only the root is called an error."""
    assert kind.__doc__
    assert not kind.__name__.endswith("Error") or kind in {EsignError, ProviderError}


def test_the_vendors_answer_is_not_printed() -> None:
    """It is in `raw` for whoever looks there, and in no message or repr."""
    error = Refused("400.", raw={"email": "canary@example.com"}).locate(**LOCATED)
    assert "canary" not in f"{error} {error!r}"

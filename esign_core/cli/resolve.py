"""`esign resolve`: a person's decision about an envelope of which nobody knows."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from esign_core import Esign, Outcome
from esign_core.cli.envelopes import show_envelope
from esign_core.cli.failures import Misused
from esign_core.cli.output import say
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile, EnvelopeId
from esign_core.cli.progress import progress
from esign_core.model import Envelope


def resolve(
    envelope: EnvelopeId,
    /,
    *,
    adopt: Annotated[
        str | None, Parameter(help="It is there: the vendor's id of what it is.")
    ] = None,
    resend: Annotated[bool, Parameter(help="Nothing went out: free its key.")] = False,
    abandon: Annotated[bool, Parameter(help="Stop looking; it fails, and keeps its key.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Decide about an uncertain envelope.

    Look at the vendor yourself first; then say exactly one of --adopt, --resend and --abandon.
    Nothing is sent from here: after --resend the key is free, and `esign send` with the same key
    goes out. Before its key is freed, the vendor is asked once more, and what it has is adopted.

    ```sh
    esign resolve env_0192f0 --adopt 4711
    esign resolve env_0192f0 --resend
    esign resolve env_0192f0 --abandon
    ```
    """
    if [adopt is not None, resend, abandon].count(True) != 1:
        raise Misused("say exactly one of --adopt REMOTE, --resend and --abandon.")
    with Esign.from_config(config) as esign, progress("Looking at the vendor", as_json=as_json):
        decided = esign.resolve(envelope, adopt=adopt, resend=resend, abandon=abandon)
    show_envelope(decided, as_json=as_json)
    if not as_json and not decided.is_in_doubt:
        say(_what_follows(decided, resend=resend))


def _what_follows(envelope: Envelope, *, resend: bool) -> str:
    match envelope.outcome:
        case Outcome.NOT_DONE if resend:
            return "Its key is free: `esign send` with the same key and draft goes out now."
        case Outcome.NOT_DONE:
            return "Its key was freed before, and so this draft is not sent."
        case Outcome.DONE if resend:
            return f"{envelope.connection} has it: it was adopted, and its key stays taken."
        case Outcome.DONE:
            return f"It is followed at {envelope.connection} from now on."
        case Outcome.UNCERTAIN:
            return "It was given up, and keeps its key: to send it again, use a new one."

"""Keys of objects in the customer's bucket. They come from outside and become paths: look first."""

from __future__ import annotations

from pathlib import PureWindowsPath
from urllib.parse import unquote

from esign_core.errors import Outcome, UnreadableAnswer

MOST_KEY_BYTES = 1024
"""What S3 allows; other stores allow no more."""


def safe_key(key: str) -> str:
    """The key, if it names an object inside the bucket and cannot name anything else.

    Raises:
        UnreadableAnswer: It is empty, too long, absolute, climbs with `..`, has empty parts,
            backslashes or characters that cannot be seen. The key itself is not quoted.
    """
    for form in {key, unquote(key)}:  # a store that decodes must not be led astray either
        if reason := _problem(form):
            raise UnreadableAnswer(
                f"the storage key {reason}; nothing is read from the bucket by such a key. "
                "Ask Penvio what became of the document.",
                outcome=Outcome.NOT_DONE,
            )
    return key


def _problem(key: str) -> str | None:
    wrongs = (
        (not key, "is empty"),
        (len(key.encode("utf-8", "replace")) > MOST_KEY_BYTES, f"is over {MOST_KEY_BYTES} bytes"),
        (not key.isprintable(), "has characters that cannot be seen"),
        ("\\" in key, "has a backslash"),
        (bool(PureWindowsPath(key).anchor), "is an absolute path"),
        (not {"", ".", ".."}.isdisjoint(key.split("/")), "has an empty part, `.` or `..`"),
    )
    return next((what for is_wrong, what in wrongs if is_wrong), None)

"""Answers of 400 and more, each API family with its own body.

Source: Send API `{error, message, statusCode}` (V), job status
`{message, statusCode}` (V), OAuth `{error, error_description}` (V), Sign API undocumented (I).
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from esign_core.sandbox import VendorResponse


class Refused(Exception):
    """A request that is answered with a refusal, from wherever the fault was found."""

    def __init__(self, answer: VendorResponse) -> None:
        super().__init__(f"{answer.status} {answer.body.decode()}")
        self.answer = answer


def send_refusal(status: int, message: str | Sequence[str]) -> Refused:
    """A refusal of the Send API and the webhook service: reason phrase, message, number."""
    text = message if isinstance(message, str) else list(message)
    body = {"error": HTTPStatus(status).phrase, "message": text, "statusCode": status}
    return Refused(VendorResponse.json(status, body))


def job_refusal(status: int, message: str) -> Refused:
    """A refusal of the job status call."""
    return Refused(VendorResponse.json(status, {"message": message, "statusCode": status}))


def oauth_refusal(status: int, error: str, description: str) -> Refused:
    """A refusal of the OAuth server."""
    body = {"error": error, "error_description": description}
    return Refused(VendorResponse.json(status, body, {"cache-control": "no-store"}))


def sign_refusal(status: int, message: str) -> Refused:
    """A refusal of the Sign API; the shape of its body is a guess."""
    body = {"error": HTTPStatus(status).phrase, "message": message}
    return Refused(VendorResponse.json(status, body))

"""Signing links that a vendor hands out: a product sends people there, so they are looked at."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TypeVar, cast
from urllib.parse import urlsplit

from esign_core.errors import Outcome, UnreadableAnswer
from esign_core.model import SigningLink, Snapshot

T = TypeVar("T")

_LONGEST = 8192
"""Characters; what servers and browsers take is no longer."""


def fit_links(answer: T) -> T:
    """The answer of an operation, whose signing links lead to web pages.

    An envelope that was made comes without those that do not: it was made all the same.

    Raises:
        UnreadableAnswer: The links themselves were asked for, and one of them is no such link.
    """
    if isinstance(answer, Snapshot):
        fit = tuple(link for link in answer.links if is_web_page(link.url))
        return answer if len(fit) == len(answer.links) else cast("T", replace(answer, links=fit))
    if isinstance(answer, tuple):
        links = [each for each in answer if isinstance(each, SigningLink)]
        if not all(is_web_page(link.url) for link in links):
            raise UnreadableAnswer(
                "the vendor hands out a signing link that is no plain https address: who follows "
                "it could be led anywhere. None was handed on; look for them at the vendor.",
                outcome=Outcome.NOT_DONE,
            )
    return answer


def is_web_page(url: str) -> bool:
    """Whether a browser may be sent there: by https, or by http to this machine, for simulators.

    An absolute address of sane length, without credentials and without what cannot be seen. Which
    hosts a vendor has people sign at is not known: any host will do.
    """
    if len(url) > _LONGEST:
        return False
    try:
        parts = urlsplit(url)
        host, has_user = parts.hostname or "", parts.username is not None
        _ = parts.port
    except ValueError:
        return False
    if not host or not host.isascii() or has_user:  # a host that is not may look like another one
        return False
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Request bodies and queries, held against the documents, field by field.

Source: E-Sign API v1, "Create Envelope" and the query tables (V). Stricter than the vendor may be
where the documents are silent: null for an optional field, and a field that is not documented, are
refused, so that an adapter which sends either is found out here (I).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from esign_core.sandbox import VendorRequest
from esign_penvio.sandbox.records import SigningOrder, Status
from esign_penvio.sandbox.refusals import Code, Refused

_Rule = Callable[[object], str | None]  # what is wrong with a value, if anything


def parsed_body(request: VendorRequest, *, required: bool) -> dict[str, Any]:
    """The JSON object that came with a request; empty where none came and none is needed.

    Raises:
        Refused: VALIDATION_ERROR.
    """
    if not request.body and not required:
        return {}
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise _invalid({"body": ["Content-Type must be application/json"]})
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise _invalid({"body": ["Invalid JSON"]}) from error
    if not isinstance(data, dict):
        raise _invalid({"body": ["Expected object"]})
    return data


def check_create(data: Mapping[str, Any]) -> None:
    """Refuse a create body that breaks a documented rule.

    Raises:
        Refused: VALIDATION_ERROR, with every field that is wrong.
    """
    problems = _problems(data, _CREATE, required=("templateId", "signers"))
    signers = data.get("signers")
    if isinstance(signers, list) and "signers" not in problems:
        for index, signer in enumerate(signers):
            if not isinstance(signer, dict):
                problems[f"signers.{index}"] = ["Expected object"]
                continue
            found = _problems(signer, _SIGNER, required=("email", "name"))
            problems.update({f"signers.{index}.{name}": why for name, why in found.items()})
    if problems:
        raise _invalid(problems)


def check_roles(data: Mapping[str, Any], roles: Collection[str]) -> None:
    """Refuse a role that the template does not have ("must match template").

    Raises:
        Refused: VALIDATION_ERROR.
    """
    problems = {
        f"signers.{index}.role": ["Role must match template"]
        for index, signer in enumerate(data["signers"])
        if "role" in signer and signer["role"] not in roles
    }
    if problems:
        raise _invalid(problems)


def check_action(data: Mapping[str, Any], name: str) -> None:
    """Refuse an optional body that holds anything but the text `name`; "" allows nothing.

    Raises:
        Refused: VALIDATION_ERROR.
    """
    problems = _problems(data, {name: _text} if name else {}, required=())
    if problems:
        raise _invalid(problems)


def parsed_paging(query: Mapping[str, str]) -> tuple[int, int]:
    """Page, from 1, and page size, 20 if none is given and at most 100.

    Raises:
        Refused: VALIDATION_ERROR.
    """
    problems: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    for name, default, most in (("page", "1", None), ("pageSize", "20", 100)):
        text = query.get(name, default)
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
        if number < 1 or (most is not None and number > most):
            at_most = "" if most is None else f", at most {most}"
            problems[name] = [f"Expected integer, at least 1{at_most}"]
        numbers[name] = number
    if problems:
        raise _invalid(problems)
    return numbers["page"], numbers["pageSize"]


def parsed_status(query: Mapping[str, str]) -> Status | None:
    """The status to list, if the query names one.

    Raises:
        Refused: VALIDATION_ERROR.
    """
    if "status" not in query:
        return None
    try:
        return Status(query["status"])
    except ValueError as error:
        raise _invalid({"status": [f"Expected one of {', '.join(Status)}"]}) from error


def _problems(
    data: Mapping[str, Any], rules: Mapping[str, _Rule], *, required: Collection[str]
) -> dict[str, list[str]]:
    problems = {name: ["Required"] for name in required if name not in data}
    for name, value in data.items():
        rule = rules.get(name)
        problem = "Unrecognized field" if rule is None else rule(value)
        if problem:
            problems[name] = [problem]
    return problems


def _invalid(details: Mapping[str, list[str]]) -> Refused:
    return Refused(Code.VALIDATION_ERROR, "Invalid request body", details)


def _text(value: object) -> str | None:
    return None if isinstance(value, str) else "Expected string"


def _filled(value: object) -> str | None:
    return _text(value) or (None if str(value).strip() else "Must not be empty")


def _email(value: object) -> str | None:
    fits = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value) if isinstance(value, str) else None
    return None if fits else "Invalid email"


def _count(value: object) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return None if fits else "Expected integer, at least 1"


def _days(value: object) -> str | None:
    # the upper bound is ours: it keeps the end inside the calendar
    fits = _count(value) is None and isinstance(value, int) and value <= 100_000
    return None if fits else "Expected positive integer"


def _signers(value: object) -> str | None:
    if not isinstance(value, list):
        return "Expected array"
    return None if 1 <= len(value) <= 20 else "Expected 1 to 20 signers"


def _object(value: object) -> str | None:
    return None if isinstance(value, dict) else "Expected object"


def _url(value: object) -> str | None:
    try:
        url = urlsplit(value) if isinstance(value, str) else None
        fits = url is not None and url.scheme in {"http", "https"} and bool(url.hostname)
    except ValueError:
        fits = False
    return None if fits else "Invalid URL"  # https is asked for "in production" only (V)


def _secret(value: object) -> str | None:
    return _text(value) or (None if len(str(value)) >= 16 else "Expected at least 16 characters")


def _signing_order(value: object) -> str | None:
    return None if value in list(SigningOrder) else "Expected SEQUENTIAL or PARALLEL"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "Expected boolean"


_SIGNER: dict[str, _Rule] = {"email": _email, "name": _filled, "role": _text, "order": _count}

_CREATE: dict[str, _Rule] = {
    "templateId": _filled,
    "signers": _signers,
    "subject": _text,
    "message": _text,
    "metadata": _object,
    "webhookUrl": _url,
    "webhookSecret": _secret,
    "expiresInDays": _days,
    "signingOrder": _signing_order,
    "sendImmediately": _flag,
}

"""Listing case files: the documented filters, sorting, and pages that overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from esign_core.sandbox import VendorRequest, VendorResponse
from esign_penneo.sandbox.account import Behaviour
from esign_penneo.sandbox.casefiles import CaseFile, to_json
from esign_penneo.sandbox.refusals import sign_refusal

PER_PAGE = 20  # I: the default is not documented
_TIMES: dict[str, Callable[[CaseFile], datetime | None]] = {
    "created": lambda case_file: case_file.created_at,
    "completed": lambda case_file: case_file.completed_at,
    "activated": lambda case_file: case_file.activated_at,
    "expires": lambda case_file: case_file.expire_at,
    "updated": lambda case_file: case_file.updated_at,
}  # each with After and Before (V)
_TEXTS: dict[str, Callable[[CaseFile], str | None]] = {
    "metaData": lambda case_file: case_file.wish.get("metaData"),
    "reference": lambda case_file: case_file.wish.get("reference"),
}  # equal or not (I: whether a part would do is not documented)
_NUMBERS: dict[str, Callable[[CaseFile], int]] = {
    "status": lambda case_file: int(case_file.status),
    "ids": lambda case_file: case_file.id,
    "folderIds": lambda case_file: int(case_file.wish.get("folderId", 1)),
}  # separated by commas (I)


def list_case_files(
    case_files: Iterable[CaseFile], request: VendorRequest, behaviour: Behaviour
) -> VendorResponse:
    """A plain list; in pages when asked for by the header `x-paginate: true` (V)."""
    query = dict(request.query)
    page, per_page = _whole(query.pop("page", "1")), _whole(query.pop("per_page", str(PER_PAGE)))
    sort = query.pop("sort", "created")
    found = [case_file for case_file in case_files if _matches(case_file, query)]
    found = _sorted(found, sort)
    headers: dict[str, str] = {}
    if request.headers.get("x-paginate", "").lower() == "true":
        if page < 1 or per_page < 1:
            raise sign_refusal(400, "page and per_page count from 1")
        # every page starts with the last item of the one before: "pages can overlap" (V)
        step = max(1, per_page - 1)
        start = (page - 1) * step
        more = start + per_page < len(found)
        found = found[start : start + per_page]
        if more:
            following = urlencode({**request.query, "page": page + 1, "per_page": per_page})
            headers["link"] = f'<{request.path}?{following}>; rel="next"'  # may be relative (V)
    return VendorResponse.json(200, [to_json(each, behaviour) for each in found], headers)


def _matches(case_file: CaseFile, query: dict[str, str]) -> bool:
    return all(_meets(case_file, name, value) for name, value in query.items())


def _meets(case_file: CaseFile, name: str, value: str) -> bool:
    if name == "title":
        return value.lower() in case_file.title.lower()  # I
    if name in _TEXTS:
        return _TEXTS[name](case_file) == value
    if name in _NUMBERS:
        return _NUMBERS[name](case_file) in {_whole(each) for each in value.split(",")}
    for field, read in _TIMES.items():
        at = read(case_file)
        if name == f"{field}After":
            return at is not None and at.timestamp() > _whole(value)
        if name == f"{field}Before":
            return at is not None and at.timestamp() < _whole(value)
    raise sign_refusal(400, f"Unknown filter {name}")  # I: strict, a misspelt filter lists all


def _sorted(case_files: list[CaseFile], sort: str) -> list[CaseFile]:
    field = sort.removeprefix("-")
    keys: dict[str, Callable[[CaseFile], Any]] = {
        "created": lambda case_file: (case_file.created_at, case_file.id),
        "updated": lambda case_file: (case_file.updated_at, case_file.id),
        "title": lambda case_file: (case_file.title, case_file.id),
        "status": lambda case_file: (case_file.status, case_file.id),
    }
    if field not in keys:
        raise sign_refusal(400, f"Cannot sort by {field}")
    return sorted(case_files, key=keys[field], reverse=sort.startswith("-"))


def _whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise sign_refusal(400, f"{value} is no integer") from None

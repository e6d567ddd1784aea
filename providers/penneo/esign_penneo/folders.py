"""The account's folders, for case files that are to lie in one."""

from __future__ import annotations

from esign_core.model import Gap, excerpt
from esign_core.provider import Flow, Request
from esign_penneo.wire import Folder, read_all

FOLDERS = "/api/v1/folders"  # Postman, PHP, V

_NAMED = 5
_LONGEST_TITLE = 80


def missing_folder(folder_id: int | None) -> Flow[tuple[Gap, ...]]:
    """The gap if the account has no such folder; nobody is asked where none is wished for.

    Source: Postman, PHP (V) for the list; that it names every folder is inferred (I).
    """
    if folder_id is None:
        return ()
    folders = read_all(Folder, (yield Request("GET", FOLDERS)))
    if str(folder_id) in {folder.id for folder in folders}:
        return ()
    known = ", ".join(f"{each.id} ({_title(each)})" for each in folders[:_NAMED])
    more = ", ..." if len(folders) > _NAMED else ""
    message = f"the account has no folder {folder_id}"
    remedy = f"use one of: {known or 'none'}{more}; or leave it out"
    return (Gap(None, "options.penneo.folder_id", message, remedy),)


def _title(folder: Folder) -> str:
    return excerpt(folder.title, _LONGEST_TITLE) if folder.title else "without a title"

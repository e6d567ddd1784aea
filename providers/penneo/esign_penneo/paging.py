"""Where a list goes on, by the `Link` header of RFC 8288."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_NEXT = re.compile(r"""<([^>]*)>[^,<]*;\s*rel="?next"?""", re.IGNORECASE)


def next_page(link: str | None, page: str) -> str | None:
    """The number of the page after `page`; None at the end.

    The address in the header may be relative and is never followed: only its page number is
    read. A page that is not further on is the end, or a list could go round for ever.

    Source: Postman (V).
    """
    found = _NEXT.search(link or "")
    if found is None:
        return None
    number = parse_qs(urlsplit(found[1]).query).get("page", [""])[0]
    return number if number.isdecimal() and int(number) > int(page) else None

"""Penvio's templates: made in its dashboard, read here."""

from __future__ import annotations

from esign_core.provider import Flow, Request, Template, Templates
from esign_penvio.paging import read_page
from esign_penvio.paths import TEMPLATES, path
from esign_penvio.wire import data_of, to_template


class PenvioTemplates(Templates):
    """The active templates of the account. The API never shows their roles (V)."""

    def list(self) -> Flow[tuple[Template, ...]]:
        """All of them.

        Source: E-Sign API v1, "List Templates" (V).
        """
        found: dict[str, Template] = {}  # pages may overlap
        number: int | None = 1
        while number is not None:
            page = yield from read_page(TEMPLATES, number)
            found |= {template.id: template for template in map(to_template, page.items)}
            number = page.next_number
        return tuple(found.values())

    def get(self, template_id: str) -> Flow[Template]:
        """One of them.

        Raises:
            NotFound: Penvio has none under that id.

        Source: E-Sign API v1, "Get Template" (V).
        """
        response = yield Request("GET", path(TEMPLATES, template_id))
        return to_template(data_of(response))

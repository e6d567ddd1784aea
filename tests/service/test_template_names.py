"""What a vendor calls its templates, told by a check online."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import NotFound
from esign_core.provider import Flow, Template, Templates, answer
from esign_core.service.checks import check_here
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class _Named(Templates):
    def list(self) -> Flow[tuple[Template, ...]]:
        return answer((Template("t_1\n", "A\x1b[2J\u202eINFO " + "long " * 100),))

    def get(self, template_id: str) -> Flow[Template]:
        yield from ()
        raise NotFound(f"404, no {template_id}")


class _WithTemplates(FakeProvider):
    @property
    def templates(self) -> Templates:
        return _Named()


@pytest.mark.promise("D8")
def test_name_of_a_template_forges_no_line(make_world: Callable[..., World]) -> None:
    """Whoever may name templates does not write our logs."""
    world = make_world(templates={"lease": {"id": "gone"}})
    world.with_provider(_WithTemplates)
    draft = world.draft(documents=(), template="lease")
    (gap,) = world.run(check_here(world.workspace.session("acme"), draft, online=True)).gaps
    assert "to one of: t_1  (A [2J INFO long" in gap.remedy
    assert gap.remedy.isprintable()
    assert len(gap.remedy) < 180

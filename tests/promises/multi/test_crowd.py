from __future__ import annotations

import pytest

from tests.promises.multi.crowd import Size, play


@pytest.mark.slow
@pytest.mark.promise("R2", "S5")
def test_many_processes_tell_one_story() -> None:
    """Four receivers, four workers and three readers on one journal, under shuffled duplicates.

    The stream is what the vendors say, every reader saw the same sequence, and nobody was limited.
    """
    outcome = play(Size())
    assert outcome.wrong == []
    assert outcome.posted == 1000

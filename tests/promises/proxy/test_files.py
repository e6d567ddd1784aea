"""Files whose connection breaks on the way: there whole, or not there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from esign_core import Unavailable
from tests.promises.proxy.conftest import folder_of
from tests.promises.proxy.faulty import Break

if TYPE_CHECKING:
    from pathlib import Path

    from tests.promises.proxy.conftest import Account

FILE = "/content"
PIECE = 4096


@pytest.mark.promise("D7")
def test_file_that_is_cut_anywhere_is_begun_anew(at_penneo: Account, tmp_path: Path) -> None:
    """Cut every 4 KB: it arrives whole all the same, and nobody sees half of it before."""
    remote_id = at_penneo.completed()
    (whole,) = at_penneo.connection.download(remote_id, to=tmp_path / "first")
    seen: list[list[str]] = []
    to = tmp_path / "cut"
    at_penneo.proxy.on_cut = lambda: seen.append(folder_of(to))
    cuts = [*range(0, whole.size, PIECE), -1]
    for cut in cuts:
        at_penneo.proxy.fault(Break.CUT_ANSWER, FILE, at=cut)
        (saved,) = at_penneo.connection.download(remote_id, to=to)
        assert (saved.sha256, saved.size) == (whole.sha256, whole.size)
        assert hashlib.sha256(saved.path.read_bytes()).hexdigest() == whole.sha256
        saved.path.unlink()
    assert seen == [[] for _ in cuts]
    assert len(cuts) > 5


@pytest.mark.promise("D7")
def test_file_that_never_comes_whole_is_not_there(at_penneo: Account, tmp_path: Path) -> None:
    """After the last try there is nothing, and what was there before stays as it was."""
    remote_id = at_penneo.completed()
    (before,) = at_penneo.connection.download(remote_id, to=tmp_path)
    before.path.write_bytes(b"what was there before")
    at_penneo.proxy.fault(Break.CUT_ANSWER, FILE, at=-1, times=100)
    with pytest.raises(Unavailable):
        at_penneo.connection.download(remote_id, to=tmp_path)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"what was there before"]

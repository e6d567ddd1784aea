"""The reader notices when a page is wrong: each kind of mistake that a page can have."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from esign_core import Misconfigured
from tests.docs import terminal
from tests.docs.markdown import Block, blocks_of
from tests.docs.session import Session


def block(language: str, text: str) -> Block:
    """A block as if it stood on a page."""
    return Block(Path("page.md"), 10, language, text)


TUTORIAL = """\
<!-- docs: no esign.toml -->
Start the vendors:

```console
$ esign sandbox | tee esign.toml
...
# Runs until Ctrl-C.
```

In another terminal:

```console
$ sed -i '0,/^# esign.toml$/d' esign.toml
$ esign send --via penneo --key lease-14 --title "Lease 14" \\
>   --document lease.pdf --signer "Jane Doe <jane@example.com>" --wait 60
id env_...
title Lease 14
...
outcome done
...
$ esign links env_...
 signer name role link
────────
 s1 Jane Doe Signer http...
$ LINK=http://127.0.0.1:.../signing/...
$ curl --silent --request POST $LINK/sign | grep --only-matching "You have signed"
You have signed
$ until esign show env_... --fetch | grep ^status.*completed; do sleep 0.2; done
status completed
$ esign download env_... --to archive
...
$ ls archive/env_...
...pdf
```
"""


def test_a_reader_can_follow_a_tutorial(tmp_path: Path, session: Session) -> None:
    """Servers stay up between blocks, what was printed is used again, and output is compared."""
    page = tmp_path / "tutorial.md"
    _ = page.write_text(TUTORIAL, encoding="utf-8")
    for each in blocks_of(page):
        session.run(each)


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("ruby", "puts 1", 'no test knows "ruby"'),
        ("", "$ ls", 'no test knows ""'),
        ("directive", "everybody dances", "no test knows"),
        ("python", "assert 1 == 2", 'File "page.md", line 10'),
        ("python", "import no_such_package", "ModuleNotFoundError"),
        ("console", "$ false\n", "ended with 1"),
        ("console", "$ echo one\ntwo\n", "printed:\none"),
        ("console", "$ printf 'a\\nb\\n'\na\n", "printed:\na\nb"),
        ("console", "$ false\n$ echo $?\n0\n", "printed:\n1"),
        ("sh", "no-such-command", "ended with 127"),
        ("sh", "make nothing", "no target nothing"),
        ("sh", "make test NOTHING=1", "NOTHING=1"),
        ("sh", "pip install '.[nothing]'", "has no extra"),
        ("sh", "pip install ./nowhere", "is no project"),
        ("sh", "pip install nobody", "nobody here knows"),
        ("sh", "esign show env_...", "nothing was printed"),
        ("sh", "sleep 60 &", "not within 2 s"),
        ("console", "$ esign worker\nWaiting.\n", "not within 2 s"),
        ("console", "$ python -c 'exit(1)'\nthis\n^C\n", "it ended"),
        ("console", "$ sleep 60\n", "not within 2 s"),
        ("python", "while True: pass", "not within 2 s"),
        ("python", 'settings = {"no_such_setting": "..."}', "no provider has all the settings"),
    ],
)
def test_a_wrong_block_is_noticed(
    language: str, text: str, told: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure says where, and what went wrong."""
    monkeypatch.setattr(terminal, "LIMIT_SECONDS", 2.0)
    with pytest.raises(AssertionError, match=re.escape(told)):
        session.run(block(language, text))


def test_a_named_file_is_written_and_not_run(session: Session, desk: Path) -> None:
    """What a page has its reader save is there for the commands below it."""
    session.run(block("python", "# app.py\nprint('from a file')\n"))
    assert (desk / "app.py").read_text("utf-8").endswith("print('from a file')\n")
    session.run(block("console", "$ python app.py\nfrom a file\n"))


def test_python_blocks_share_their_names(session: Session) -> None:
    """A page explains step by step, and a later step uses what an earlier one made."""
    session.run(block("python", "answer = 42\n"))
    session.run(block("python", "assert answer == 42\n"))


def test_a_shell_keeps_its_variables(session: Session) -> None:
    """As the shell of whoever types the page's commands does."""
    session.run(block("sh", "ANSWER=42"))
    session.run(block("console", "$ echo $ANSWER\n42\n"))


def test_a_failure_that_is_shown_is_none(session: Session) -> None:
    """A page may show how something fails, with its exit code."""
    session.run(block("console", "$ esign show env_0\nUnknownEnvelope: ...\n$ echo $?\n1\n"))


def test_what_lasts_ends_with_the_page(desk: Path) -> None:
    """No process outlives its page."""
    command = "sh -c 'echo $$ > pid; echo ready; exec sleep 600' &"
    with Session(desk, {}) as session:
        session.run(block("console", f"$ {command}\nready\n"))
        pid = int((desk / "pid").read_text("utf-8"))
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ctrl_c_is_sent_where_it_is_shown(session: Session, desk: Path) -> None:
    """A page may end what it has started; it has to end well."""
    session.run(block("console", "$ esign worker\nWorking for penneo-dk, ...\n^C\n"))
    program = "try: print('on', flush=True); input()\nexcept KeyboardInterrupt: "
    _ = (desk / "well.py").write_text(f"{program}open('off', 'x')\n")
    session.run(block("console", "$ python well.py\non\n^C\n"))
    assert (desk / "off").exists()
    _ = (desk / "badly.py").write_text(f"{program}raise SystemExit(3)\n")
    with pytest.raises(AssertionError, match="ended with 3"):
        session.run(block("console", "$ python badly.py\non\n^C\n"))


@pytest.mark.parametrize(
    "text",
    ["colour = 1", '[connections.x]\nprovider = "nobody"', '[connections.x]\nprovider = "penneo"'],
)
def test_settings_that_would_be_refused_are_noticed(text: str, session: Session) -> None:
    """A configuration on a page is one that works, but for its secrets."""
    with pytest.raises(Misconfigured):
        session.run(block("toml", text))


def test_an_open_fence_is_noticed(tmp_path: Path) -> None:
    """What is not closed would swallow the rest of its page."""
    page = tmp_path / "page.md"
    _ = page.write_text("```sh\nls\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not closed"):
        _ = blocks_of(page)

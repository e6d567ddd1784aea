"""A reader who does what a page says, from top to bottom, at one desk."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path

import yaml

from esign_core.sandbox import Control, Simulator
from tests.docs import interpreter
from tests.docs.examples import check_settings, filled_in
from tests.docs.markdown import Block, Command, commands_of
from tests.docs.only_checked import is_only_checked
from tests.docs.printed import newest_word, pattern_of, plain
from tests.docs.terminal import Terminal

_LASTS = re.compile(r"(\w+=\S+ )*(esign (sandbox|serve|worker)\b|uvicorn\b).*|.* --follow\b.*|.*&")
_BLANK = re.compile(r"""[^\s'"<>|;&()=]*\.\.\.[^\s'"<>|;&()]*""")
_ID_BLANK = re.compile(r"env_\.\.\.")
_PORT = re.compile(r"\b800\d\b")
_CONTROL = re.compile(r"http://[^\s\"]+/_control")
_A_LINE = re.compile(".+\n")
_ASKS = "echo $?"
"""Tells that the command before may fail, and how."""
_EVAL = '(exit $_told); eval {} </dev/null; _told=$?; printf "\\x1e%d\\x1e\\n" "$_told"'
_OFF_THE_PAGE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
"""Nothing beyond this machine answers; nobody listens at the port `discard`."""


class Session(ExitStack):
    """One page's folder, shell and Python, with what they have started; all ends with it.

    Args:
        folder: Where it happens.
        vendors: The simulators that the folder's `esign.toml` leads to.
        ready: A folder with an `esign` that answers at once, for commands that do not last.
    """

    def __init__(
        self, folder: Path, vendors: Mapping[str, Simulator], *, ready: Path | None = None
    ) -> None:
        super().__init__()
        self._folder = folder
        self._vendors = vendors
        self._ports: dict[str, str] = {}
        self._lasting: list[Terminal] = []
        self._told = ""
        self._may_end_with = range(1)
        self._ready = ready
        self._environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "NO_COLOR": "1",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
            **_OFF_THE_PAGE,
            **{n: value for n, value in os.environ.items() if n.startswith(("COV", "TMP"))},
        }

    def run(self, block: Block) -> None:
        """Do what a block says.

        Raises:
            AssertionError: It does not do what the page says.
        """
        text = self._with_ports(block.text)
        match block.language:
            case "python" if block.file is None:
                self._run_python(block, text)
            case "console":
                self._run_commands(block, commands_of(text, has_prompts=True))
            case "sh":
                self._run_commands(block, commands_of(text, has_prompts=False))
            case "toml" if block.file in {None, "esign.toml"}:
                check_settings(text)
            case "python" | "toml" | "yaml":
                assert block.file is not None or block.language == "yaml"
                _ = yaml.safe_load(text) if block.language == "yaml" else None
                if block.file is not None:
                    _ = (self._folder / block.file).write_text(text, encoding="utf-8")
            case "json":
                _ = json.loads(text)
            case "text":
                pass  # drawings, and what programs say: nothing to run
            case "directive":
                self._heed(block)
            case _:
                raise AssertionError(f'{block.where}: no test knows "{block.language}"')

    @cached_property
    def _shell(self) -> Terminal:
        shell = self._started("bash", "--noprofile", "--norc")
        if self._ready is not None:
            _ = shell.ask(_EVAL.format(shlex.quote(f"PATH={self._ready}:$PATH")))
        return shell

    @cached_property
    def _python(self) -> Terminal:
        return self._started(sys.executable, "-W", "error", interpreter.__file__)

    def _run_python(self, block: Block, text: str) -> None:
        source = filled_in(text, self._vendors)
        status, printed = self._python.ask(json.dumps([block.page.name, block.line - 1, source]))
        self._told += printed
        assert status == 0, f"{block.where}:\n{printed}"

    def _run_commands(self, block: Block, commands: Sequence[Command]) -> None:
        following = [*commands[1:], Command("", "")]
        for command, after in zip(commands, following, strict=True):
            if is_only_checked(command.line):
                continue
            line = command.line
            for blank in (_ID_BLANK, _BLANK):  # an id may be a part of a word
                line = blank.sub(lambda found: self._newest(block, found[0]), line)
            where = f"{block.where}: $ {line}"
            if command.is_interrupted or _LASTS.fullmatch(line):
                self._start(line, command, where)
            else:
                may_end_with = range(256) if after.line == _ASKS else self._may_end_with
                self._run_command(line, command, where, may_end_with)
        self._may_end_with = range(1)

    def _start(self, line: str, command: Command, where: str) -> None:
        """Start what lasts, on a terminal of its own, and wait until it has said what is shown.

        Where nothing is shown, its first line tells that it is ready.
        """
        program = self._started("bash", "-c", line.rstrip("& "))
        _ = self.callback(program.interrupt)
        self._lasting.append(program)
        shown = pattern_of(command.shown) if command.shown.strip() else _A_LINE
        try:
            _ = program.wait_for(lambda printed: shown.match(plain(printed)))
        except AssertionError as error:
            raise AssertionError(f"{where}\n{error}") from None
        if command.is_interrupted:
            status = program.interrupt()
            assert status == 0, f"{where}\nended with {status}\n{program.read()}"

    def _run_command(self, line: str, command: Command, where: str, may_end_with: range) -> None:
        status, printed = self._shell.ask(_EVAL.format(shlex.quote(line)))
        self._told += printed
        assert status in may_end_with, f"{where}\nended with {status}:\n{printed}"
        if command.shown.strip():
            is_shown = pattern_of(command.shown).fullmatch(plain(printed))
            assert is_shown, f"{where}\nprinted:\n{printed}\nand not:\n{command.shown}"

    def _newest(self, block: Block, blank: str) -> str:
        told = "".join([*(program.read() for program in self._lasting), self._told])
        word = newest_word(blank, told) if blank != "..." else None
        assert word, f'{block.where}: nothing was printed that "{blank}" could stand for'
        return word

    def _heed(self, block: Block) -> None:
        match block.text:
            case "everybody signs":
                _ = self.enter_context(self._everybody_signs())
            case "no esign.toml":
                (self._folder / "esign.toml").unlink()
            case "may be refused":
                self._may_end_with = range(2)  # 2 would be a command line that makes no sense
            case told if told.startswith("run "):
                self._run_commands(block, [Command(told.removeprefix("run "))])
            case _:
                raise AssertionError(f'{block.where}: no test knows "docs: {block.text}"')

    @contextmanager
    def _everybody_signs(self) -> Generator[None]:
        """Somebody at the other end who signs whatever arrives, through the signing page."""
        done = threading.Event()
        printed = _CONTROL.findall("".join(program.read() for program in self._lasting))
        urls = {*printed, *(vendor.control_url for vendor in self._vendors.values())}

        def sign() -> None:
            signed: set[str] = set()
            with ExitStack() as stack:
                controls = [stack.enter_context(Control(url)) for url in urls]
                while not done.wait(0.05):
                    for control in controls:
                        for link in set(control.links()) - signed:
                            with suppress(ValueError):  # it is not their turn yet, or it is over
                                control.sign_page(link)
                                signed.add(link)

        thread = threading.Thread(target=sign)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _with_ports(self, text: str) -> str:
        return _PORT.sub(lambda found: self._free_port(found[0]), text)

    def _free_port(self, shown: str) -> str:
        if shown not in self._ports:
            with socket.create_server(("127.0.0.1", 0)) as found:
                self._ports[shown] = str(found.getsockname()[1])
        return self._ports[shown]

    def _started(self, *words: str) -> Terminal:
        terminal = Terminal(words, folder=self._folder, environment=self._environment)
        _ = self.callback(terminal.end)
        return terminal

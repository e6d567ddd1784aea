"""Runs the Python blocks of a page, one after another, in one namespace: started as a program."""

from __future__ import annotations

import json
import sys
import traceback


def main() -> None:
    """Answer each line on stdin, `[page, lines before the block, block]`, once it has run."""
    names: dict[str, object] = {"__name__": "__main__"}
    for line in sys.stdin:
        page, before, source = json.loads(line)
        status = 0
        try:
            code = compile("\n" * before + source, page, "exec")
            exec(code, names)  # noqa: S102 - our own pages
        except BaseException:  # noqa: BLE001 - whatever it is, the page is wrong
            traceback.print_exc()
            status = 1
        sys.stderr.flush()
        print(f"\x1e{status}\x1e", flush=True)  # noqa: T201 - what `Terminal.ask` waits for


if __name__ == "__main__":
    main()

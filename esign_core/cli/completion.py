"""`esign --install-completion`: what the shell offers on Tab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.completion import ShellDetectionError, detect_shell

from esign_core.cli.failures import Misused
from esign_core.cli.output import say
from esign_core.errors import Misconfigured

Shell = Literal["bash", "zsh", "fish"]
_NEXT = {
    "bash": "Start a new shell. If Tab offers nothing there, add this to ~/.bashrc:\n  . {file}",
    "zsh": "Start a new shell, with this in ~/.zshrc above compinit:\n  fpath=({folder} $fpath)",
    "fish": "Start a new shell.",
}


def install_completion(
    *,
    shell: Annotated[Shell | None, Parameter(help="Which; yours if not given.")] = None,
    show: Annotated[bool, Parameter(help="Print the script, and write nothing.")] = False,
) -> None:
    """Let your shell complete what you type.

    Writes a script into the folder where your shell looks for them, and says what is left to do.
    No other file is changed. Run it again after an upgrade.

    ```sh
    esign --install-completion
    esign --install-completion --shell bash --show
    ```
    """
    from esign_core.cli.app import create_app

    app = create_app()
    chosen = shell or _detected()
    if show:
        say(app.generate_completion(shell=chosen))
        return
    try:
        file = app.install_completion(shell=chosen, add_to_startup=False)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise Misconfigured(
            f"the script cannot be written:{where} {error.strerror}. Print it with --show instead."
        ) from None
    say(f"Written to {file}.")
    say(_NEXT[chosen].format(file=file, folder=Path(file).parent))


def _detected() -> Shell:
    try:
        found = detect_shell()
    except ShellDetectionError:
        found = None
    if found is None or found == "powershell":
        raise Misused("which shell is it? Add --shell bash, zsh or fish")
    return found

"""`esign doctor`: what is wrong, and what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from esign_core.cli.output import say, show_json, show_table
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile
from esign_core.cli.progress import progress
from esign_core.service.doctor import examine
from esign_core.service.findings import Severity


def doctor(*, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> int:
    """What is wrong, and what to do.

    Looks at plugins, settings, the journal and what is left to do in it, then asks each vendor
    once for something cheap: does it answer, does it take the credentials, does its clock agree.
    The exit code is 1 if something is wrong, 0 if there are warnings only.

    ```sh
    esign doctor
    esign doctor --config /etc/esign.toml --json
    ```
    """
    with progress("Looking", as_json=as_json):
        found = examine(config)
    count = Counter(each.severity for each in found)
    is_well = not count[Severity.ERROR]
    if as_json:
        show_json({"ok": is_well, "findings": [asdict(each) for each in found]})
    else:
        rows = [(e.severity, e.subject, e.message, e.remedy) for e in found]
        show_table(("", "what", "how it is", "what to do"), rows)
        say(f"{count[Severity.ERROR]} wrong, warnings: {count[Severity.WARNING]}.")
    return 0 if is_well else 1

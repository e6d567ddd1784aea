"""The command line's own help, with examples that the documentation's tests run."""

from __future__ import annotations

import re

from esign_core.cli.app import COMMANDS, create_app

_HEADING = re.compile(r"\A#+ .*\n+")
_NEGATIVE = re.compile(r", --(no|empty)-[\w-]+(?=`)")
_NOTHING = re.compile(r""" \*\[default: (False|\(\)|""|0\.0)\]\*""")
_CHOICES = re.compile(r"\*\[(\w+): (.*?)\]\*")
_NAMES = {
    "acme=": "penneo=",
    "acme": "penneo-dk",
    "env_0192f0": "env_...",
    "/etc/esign.toml": "esign.toml",
}
"""Names in the help's examples, and what there is at the desk where they are run."""

_BEFORE = {
    "show": ("run esign send lease.yaml --via penneo-dk --key lease-14 --wait 60",),
    "download": (
        "run esign send lease.yaml --via penvio-eu --key lease-17",
        "everybody signs",
        'run until esign show env_... --fetch | grep "status.*completed"; do sleep 0.1; done',
    ),
    "work": ("may be refused",),  # nothing at the desk was given up
    "inbox": ("may be refused",),  # the desk has no delivery that cannot be read
    "erase": ("may be refused",),  # its envelopes are open
    "resolve": ("may be refused",),  # three ways to decide; nothing at the desk is in doubt
    "keys": (
        "run export ESIGN_KEY=$(esign keys new)",
        """run sed -i '1i encryption_keys = ["${ESIGN_KEY}"]' esign.toml""",
    ),
    "cancel": ("run esign send lease.yaml --via penvio-eu --key lease-18",),
}
"""What has to happen before a command's examples can work."""
_ORDER = ("check", "send", "list", "show", "links", "remind", "cancel", "download")


def commands() -> str:
    """Every command, by group."""
    groups: dict[str, list[str]] = {}
    for name in sorted(COMMANDS, key=_place):
        groups.setdefault(COMMANDS[name].group, []).append(name)
    return "\n\n".join(
        "\n\n".join([f"## {group}", *(_told(name) for name in names)])
        for group, names in groups.items()
    )


def _place(name: str) -> int:
    names = [*_ORDER, *COMMANDS]
    return names.index(name)


def _told(name: str) -> str:
    text = create_app(name)[name].generate_docs(
        output_format="markdown", usage_name=f"esign {name}", heading_level=3
    )
    text = _HEADING.sub("", text).replace("```console", "```text")
    text = _NOTHING.sub("", _NEGATIVE.sub("", text))
    text = _CHOICES.sub(r"(\1: \2)", text).replace("(signed,)", "signed")
    for shown, run in _NAMES.items():
        text = text.replace(shown, run)
    before = [f"<!-- docs: {each} -->" for each in _BEFORE.get(name, ())]
    return "\n\n".join([f"### `esign {name}`", *before, text.strip()])

"""A draft from a YAML or JSON file, or from flags."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from esign_core.cli.failures import Misused
from esign_core.errors import InvalidDraft, Problem
from esign_core.model import Channel, Document, EnvelopeDraft
from esign_core.provider import Registry, with_options

_SIGNER = re.compile(r"(?P<name>[^<>=]*?)\s*(<(?P<email>[^<>]*)>)?\s*(?P<more>(,\s*\w+=[^,]*)*)")
_WITHOUT_ADDRESS = re.compile(r"<[^<>]*>|,\s*message=[^,]*")  # where an @ may stand
_SIGNER_WORDS = {"action", "delivery", "language", "message", "order", "phone", "role"}
_DOCUMENT_WORDS = {"name", "options", "path", "roles", "signable", "title"}


def _no_option(type_: object, file: Path | None) -> None:
    """Refuse a mistyped option: with `-` allowed, it would be taken for a file."""
    del type_
    if file is not None and str(file).startswith("-") and str(file) != "-":
        raise ValueError(f"Unknown option: {file}.")


DraftFile = Annotated[
    Path | None,
    Parameter(
        name="DRAFT",
        help="A draft in YAML or JSON; - for stdin.",
        allow_leading_hyphen=True,
        validator=_no_option,
    ),
]


@Parameter(name="*")
@dataclass(frozen=True)
class DraftFlags:
    """A draft written on the command line."""

    title: Annotated[str | None, Parameter(help="What it is called, for people.")] = None
    document: Annotated[tuple[Path, ...], Parameter(help="A PDF; may be repeated.")] = ()
    template: Annotated[str | None, Parameter(help="A template, by its neutral name.")] = None
    signer: Annotated[
        tuple[str, ...],
        Parameter(help="`Jane Doe <jane@example.com>, role=tenant, order=1`; may be repeated."),
    ] = ()
    in_order: Annotated[bool, Parameter(help="Signers act one after another, as listed.")] = False
    by_link: Annotated[bool, Parameter(help="Nobody is e-mailed: hand out links.")] = False
    subject: Annotated[str | None, Parameter(help="The subject of the e-mail that asks.")] = None
    message: Annotated[str | None, Parameter(help="The text of the e-mail that asks.")] = None
    language: Annotated[str | None, Parameter(help="A language tag such as en.")] = None
    send_at: Annotated[
        str | None, Parameter(help="When it goes out, as 2030-01-31T09:00:00+01:00.")
    ] = None
    expires_in_days: Annotated[int | None, Parameter(help="How long signers have.")] = None
    expires_at: Annotated[
        str | None, Parameter(help="Until when signers can sign, as --send-at.")
    ] = None
    remind_every_days: Annotated[
        int | None, Parameter(help="The vendor writes again, every so many days.")
    ] = None


def read_draft(file: Path | None, flags: DraftFlags | None) -> EnvelopeDraft:
    """The draft of a command line.

    Raises:
        Misused: There is none, or there are two.
        InvalidDraft: It cannot be what was meant.
    """
    if file is not None and flags is not None:
        raise Misused("give a draft's file or its flags, and not both")
    if file is not None:
        return _from_data(_read(file), file)
    if flags is None:
        raise Misused('give a draft: a file, or --title, --signer "Name <e-mail>" and --document')
    return _from_flags(flags)


def _from_flags(flags: DraftFlags) -> EnvelopeDraft:
    signers = [_signer(text) for text in flags.signer]
    if flags.in_order:
        signers = [{"order": i, **each} for i, each in enumerate(signers, start=1)]
    if flags.by_link:
        signers = [{"delivery": Channel.LINK, **each} for each in signers]
    given = {
        "title": flags.document[0].stem if flags.title is None and flags.document else flags.title,
        "documents": flags.document,
        "template": flags.template,
        "signers": signers,
        "subject": flags.subject,
        "message": flags.message,
        "language": flags.language,
        "send_at": flags.send_at,
        "expires_in_days": flags.expires_in_days,
        "expires_at": flags.expires_at,
        "remind_every_days": flags.remind_every_days,
    }
    return EnvelopeDraft.model_validate({k: v for k, v in given.items() if v is not None})


def _signer(text: str) -> dict[str, Any]:
    if "@" in _WITHOUT_ADDRESS.sub("", text):
        raise Misused('write the address in <>: "Jane Doe <jane@example.com>"')
    found = _SIGNER.fullmatch(text.strip())
    if found is None:
        raise Misused('write --signer as "Jane Doe <jane@example.com>, role=tenant, order=1"')
    words = dict(_word(part) for part in found["more"].split(",") if part.strip())
    unknown = sorted(set(words) - _SIGNER_WORDS)
    if unknown:
        known = ", ".join(sorted(_SIGNER_WORDS))
        raise Misused(f"--signer has no {', '.join(unknown)}; it has {known}")
    who = {"name": found["name"], "email": found["email"]}
    return {**{name: value for name, value in who.items() if value is not None}, **words}


def _word(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip()


def _read(file: Path) -> object:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return json.loads(text) if _is_json(file, text) else _from_yaml(text)
    except OSError as error:
        raise _invalid(file, f"cannot be read: {error.strerror}") from None
    except RecursionError:
        raise _invalid(file, "cannot be understood: it is nested too deep") from None
    except ValueError as error:
        raise _invalid(file, f"cannot be understood: {error}") from None


def _is_json(file: Path, text: str) -> bool:
    """Whether it is JSON, where numbers are numbers: by its name, or on stdin if it is JSON."""
    if str(file) != "-":
        return file.suffix == ".json"
    try:
        return isinstance(json.loads(text), dict)  # YAML may begin with a brace too
    except (ValueError, RecursionError):
        return False


def _from_yaml(text: str) -> object:
    """YAML in which words stay words: `language: no` is Norwegian, a phone number no number."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - as SafeLoader has them, but for null alone
            first: [(tag, pattern) for tag, pattern in found if tag.endswith(":null")]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader that knows fewer types
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # the text there may be somebody's number
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"it is not YAML{where}") from None


def _from_data(data: object, file: Path) -> EnvelopeDraft:
    if not isinstance(data, dict):
        raise _invalid(file, "must be a mapping: title, signers, and documents or template")
    if not _is_named(data):
        raise _invalid(file, "has a value without a name before its colon")
    data = with_options(data, Registry.installed())
    documents = data.get("documents")
    if isinstance(documents, list):
        folder = Path() if str(file) == "-" else file.parent
        data = {**data, "documents": [_document(i, e, folder) for i, e in enumerate(documents)]}
    return EnvelopeDraft.model_validate(data)


def _is_named(data: object) -> bool:
    """Whether every name in YAML is one; nothing before a colon is `None` there."""
    if isinstance(data, list):
        return all(map(_is_named, data))
    if isinstance(data, dict):
        return all(isinstance(name, str) and _is_named(each) for name, each in data.items())
    return True


def _document(index: int, entry: object, folder: Path) -> object:
    """A document by its path, which is taken from the draft's own folder."""
    if isinstance(entry, str):
        return str(folder / entry)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
        raise InvalidDraft("EnvelopeDraft", [Problem(f"documents[{index}]", "must be a path")])
    unknown = sorted(map(str, set(entry) - _DOCUMENT_WORDS))
    if unknown:
        known = ", ".join(sorted(_DOCUMENT_WORDS))
        message = f"has no {', '.join(unknown)}; it has {known}"
        raise InvalidDraft("EnvelopeDraft", [Problem(f"documents[{index}]", message)])
    made = Document.from_path(folder / entry["path"])
    told = {"name": made.name, "content": made.content, "size": made.size, **entry}
    return Document.model_validate({name: told[name] for name in told if name != "path"})


def _invalid(file: Path, what: str) -> InvalidDraft:
    return InvalidDraft(str(file), [Problem("", what)])

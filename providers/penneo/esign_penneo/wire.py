"""Penneo's answers, read leniently: an optional field that is odd spoils nothing else."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from esign_core.errors import UnreadableAnswer
from esign_core.model import problems_of
from esign_core.provider import Response
from esign_penneo.redaction import without_secrets
from esign_penneo.times import moment


def _id(value: Any) -> Any:
    """An id as text: they are whole numbers (V), and a text of digits is taken too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _rows(value: Any) -> Any:
    return () if value is None else value


Id = Annotated[str, BeforeValidator(_id), Field(pattern=r"^[0-9]{1,19}$")]
Number = Annotated[int | None, BeforeValidator(_number)]
Word = Annotated[str | None, BeforeValidator(_word)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Moment = Annotated[Any, BeforeValidator(moment)]
_T = TypeVar("_T")
Rows = Annotated[tuple[_T, ...], BeforeValidator(_rows)]


class Wire(BaseModel):
    """What Penneo sends: unknown fields are ignored, and values appear in no error."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        defer_build=True,
        alias_generator=to_camel,
    )


class _Kept(Wire):
    """An answer that keeps its own words."""

    raw: Any = Field(default=None, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, data: Any) -> Any:
        return {**data, "raw": without_secrets(data)} if isinstance(data, dict) else data


class WireSigner(Wire):
    """A signer of a case file. Its signing requests, and their numbers, are left alone."""

    id: Id
    name: Word = None
    email: Word = Field(
        default=None,
        repr=False,
        validation_alias=AliasChoices("email", AliasPath("signingRequest", "email")),  # I
    )
    role: Word = None
    sign_order: Number = None


class WireDocument(Wire):
    """A document of a case file."""

    id: Id
    name: Word = None
    title: Word = None
    signable: Flag = None


class CaseFile(_Kept):
    """`GET /api/v3/casefiles/{id}`, and a row of the list. Times are UNIX seconds.

    Source: Postman (V); `completed` and `sendAt` are named as filter and as input only (I).
    """

    id: Id
    status: Number = None
    title: Word = None
    created: Moment = None
    activated: Moment = None
    updated: Moment = None
    completed: Moment = None
    send_at: Moment = None
    expire_at: Moment = None
    reference: Word = None
    meta_data: Word = None
    signers: Rows[WireSigner] = ()
    documents: Rows[WireDocument] = ()


class LogLine(_Kept):
    """One line of a signer's log. Source: SDKs (V)."""

    event_time: Moment = None
    event_type: Number = None


class JobReference(Wire):
    """What asks for the job again. Both together open the signing links: a secret."""

    uuid: str = Field(min_length=1, repr=False)
    payload_hash: str = Field(min_length=1, repr=False)


class Created(Wire):
    """The answer to creating a case file. Source: Postman, the connector (V)."""

    status: Word = None
    message: Word = Field(default=None, repr=False)
    jobs: Rows[JobReference] = ()


class JobLink(Wire):
    """A signing link of a finished job."""

    name: Word = None
    role: Word = None
    signer_id: Id | None = None
    signing_link: str = Field(repr=False)


class Reference(Wire):
    """Something by its id alone."""

    id: Id


class Folder(Reference):
    """A folder of the account. Source: Postman, PHP (V) for the call; `title` inferred (I)."""

    title: Word = None


class JobData(Wire):
    """What a finished job made."""

    case_file: Reference | None = None
    signing_links: Rows[JobLink] = ()


class JobResult(Wire):
    """How a job ended. Source: seed (V)."""

    data: JobData | None = None
    errors: Any = None
    success: Flag = None


class QueueJob(Wire):
    """The answer about a job; its `payload`, documents and all, is not kept.

    Source: seed, the connector (V).
    """

    job_status: Word = None
    error_message: Word = Field(default=None, repr=False)
    result: JobResult | None = None
    retries: Number = None
    created_at: Word = None
    updated_at: Word = None


class WireSubscription(Wire):
    """A webhook subscription of the current service, whose ids are UUIDs. Source: PHP, NET (V)."""

    id: str = Field(min_length=1)
    endpoint: str
    secret: Word = Field(default=None, repr=False)


WireT = TypeVar("WireT", bound=Wire)


def read(kind: type[WireT], response: Response) -> WireT:
    """The answer.

    Raises:
        UnreadableAnswer: It is not what the documents say; the message names fields, not values.
    """
    return read_row(kind, response.json(), response)


def read_all(kind: type[WireT], response: Response) -> tuple[WireT, ...]:
    """Each row of an answer that is a plain list, or an object with `items`.

    Raises:
        UnreadableAnswer: It is not what the documents say.
    """
    return tuple(read_row(kind, row, response) for row in rows_of(response))


def rows_of(response: Response) -> tuple[Any, ...]:
    """The rows of such an answer, as they came.

    Raises:
        UnreadableAnswer: It is no list.
    """
    data = response.json()
    rows = data.get("items") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise UnreadableAnswer(
            f"{response.status}, the answer should be a list.", status_code=response.status
        )
    return tuple(rows)


def readable(kind: type[WireT], rows: tuple[Any, ...], response: Response) -> tuple[WireT, ...]:
    """The rows that can be read; a strange one hides no other.

    Raises:
        UnreadableAnswer: There are rows, and none of them can be read.
    """
    found: list[WireT] = []
    strange: UnreadableAnswer | None = None
    for row in rows:
        try:
            found.append(read_row(kind, row, response))
        except UnreadableAnswer as error:
            strange = error
    if strange is not None and not found:
        raise strange
    return tuple(found)


def read_row(kind: type[WireT], data: Any, response: Response) -> WireT:
    """One row, or anything else out of an answer.

    Raises:
        UnreadableAnswer: It is not what the documents say; the message names fields, not values.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(map(str, problems_of(error)))
        raise UnreadableAnswer(
            f"{response.status}, the answer is not as documented: {wrong}.",
            status_code=response.status,
        ) from None


def read_links(response: Response) -> tuple[str, ...]:
    """Addresses in an answer that is an array of them.

    Raises:
        UnreadableAnswer: It is not what the documents say.
    """
    data = response.json()
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise UnreadableAnswer(
            f"{response.status}, the answer should be a list of links.",
            status_code=response.status,
        )
    return tuple(data)

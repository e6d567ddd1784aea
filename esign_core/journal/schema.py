"""The journal's tables, as they are now. Times are ISO 8601 text in UTC, which sorts by time.

A change here needs a step in `migrations`: journals of earlier versions are brought up to it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_BIG = BigInteger().with_variant(Integer, "sqlite")  # whose integers are of any size anyway

versions = Table(
    "esign_versions",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("applied_at", Text, nullable=False),
)

counters = Table(
    "esign_counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", _BIG, nullable=False),
)

envelopes = Table(
    "esign_envelopes",
    metadata,
    Column("n", _BIG, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("tenant", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("key", Text),
    Column("fingerprint", Text),
    Column("intent", Text),  # the draft as it was meant, without documents and secrets
    Column("remote_id", Text),
    Column("outcome", Text, nullable=False),
    Column("failure", Text),
    Column("job", Text),  # the vendor's handle while it is still making the envelope: a secret
    Column("seats", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("erased_at", Text),  # when the data of its people was removed
    UniqueConstraint("tenant", "key"),
    UniqueConstraint("connection", "remote_id"),
    Index(
        "esign_envelopes_uncertain",
        "created_at",
        sqlite_where=text("outcome = 'uncertain'"),
        postgresql_where=text("outcome = 'uncertain'"),
    ),
)

inbox = Table(
    "esign_inbox",
    metadata,
    Column("id", _BIG, primary_key=True),
    Column("envelope", _BIG, nullable=False),  # `envelopes.n`, 0 while it is not ours
    Column("digest", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("remote_id", Text),
    Column("state", Text, nullable=False),
    Column("authenticity", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("error", Text),
    Column("sha256", Text),  # of the body, in hex: stays when the body is dropped
    Column("dropped_at", Text),  # when headers and body were dropped
    UniqueConstraint("envelope", "digest"),
    Index(
        "esign_inbox_unclaimed",
        "connection",
        "remote_id",
        sqlite_where=text("envelope = 0"),
        postgresql_where=text("envelope = 0"),
    ),
    Index(
        "esign_inbox_received",
        "received_at",
        sqlite_where=text("dropped_at IS NULL"),
        postgresql_where=text("dropped_at IS NULL"),
    ),
)

observations = Table(
    "esign_observations",
    metadata,
    Column("id", _BIG, primary_key=True),
    Column("envelope", _BIG, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

events = Table(
    "esign_events",
    metadata,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("envelope", _BIG, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

work = Table(
    "esign_work",
    metadata,
    Column("id", _BIG, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # an envelope's id, or a connection and a remote id
    Column("connection", Text, nullable=False),
    Column("due_at", Text, nullable=False, index=True),
    Column("leased_until", Text),
    Column("attempts", Integer, nullable=False),
    Column("pause_seconds", Integer, nullable=False),
    Column("error", Text),
    Column("dead_at", Text),  # when it was given up; `error` says why
    UniqueConstraint("kind", "subject"),
)

cursors = Table(
    "esign_cursors",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("seq", _BIG, nullable=False),
    Column("updated_at", Text),
)

budgets = Table(
    "esign_budgets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slots", Text, nullable=False),  # JSON: which are in use, and who stands in line
    Column("over_at", Double, nullable=False, index=True),  # when none is, on the slots' own clock
)

secrets = Table(
    "esign_secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary),  # sealed; none while the first one is asked for
    Column("updated_at", Text, nullable=False),
    Column("leased_until", Text),  # while somebody asks the vendor for a new one
    Column("leased_by", Text),
)

connections = Table(
    "esign_connections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("heard_at", Text),  # when a proven delivery came last
    Column("missed_at", Text),  # when a look found news that no delivery had brought
    Column("listed_at", Text),  # up to when the vendor's changes were listed
)

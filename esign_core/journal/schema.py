"""The journal's tables. Times are ISO 8601 text in UTC, which sorts by time."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

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
    Column("value", Integer, nullable=False),
)

envelopes = Table(
    "esign_envelopes",
    metadata,
    Column("n", Integer, primary_key=True),
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
    UniqueConstraint("tenant", "key"),
    UniqueConstraint("connection", "remote_id"),
)

inbox = Table(
    "esign_inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("envelope", Integer, nullable=False),  # `envelopes.n`, 0 while it is not ours
    Column("digest", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("remote_id", Text),
    Column("state", Text, nullable=False),
    Column("authenticity", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("error", Text),
    UniqueConstraint("envelope", "digest"),
    Index("esign_inbox_waiting", "envelope", "connection", "remote_id"),
)

observations = Table(
    "esign_observations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("envelope", Integer, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

events = Table(
    "esign_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("envelope", Integer, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

work = Table(
    "esign_work",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # an envelope's id, or a connection and a remote id
    Column("connection", Text, nullable=False),
    Column("due_at", Text, nullable=False, index=True),
    Column("leased_until", Text),
    Column("attempts", Integer, nullable=False),
    Column("pause_seconds", Integer, nullable=False),
    Column("error", Text),
    UniqueConstraint("kind", "subject"),
)

cursors = Table(
    "esign_cursors",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
)

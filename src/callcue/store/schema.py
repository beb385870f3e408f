"""The tables of the store, and how older ones become these.

To change something: raise `VERSION`, change the tables, and add to `MIGRATIONS` what a store of
the version before needs. A new store is made from the tables alone.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

VERSION = 4

METADATA = MetaData()

STATE = Table(
    "store_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # Raised with every change of a user: whoever runs sees by it that there is something to read.
    Column("users_revision", Integer, nullable=False),
    # Whose legs those are in Asterisk: more than one callcue may play there.
    Column("identity", String(32), nullable=False, server_default=""),
    # As `users_revision`, for the access keys.
    Column("keys_revision", Integer, nullable=False, server_default="0"),
    # As `users_revision`, for the webhooks, and for deliveries that are to be tried again.
    Column("webhooks_revision", Integer, nullable=False, server_default="0"),
)
"""One row."""

USERS = Table(
    "api_users",
    METADATA,
    Column("name", String(100), primary_key=True),
    Column("password_hash", String(255), nullable=False),
    Column("level", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("user_group", String(100), nullable=False),
    Column("functions", Text, nullable=False),
    Column("alt_user", String(100), nullable=False),
    Column("audience", String(20), nullable=False),
    Column("addresses", Text, nullable=False),
)
"""Lists are texts with blanks between the words."""

KEYS = Table(
    "access_keys",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("workspace", String(36), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
    Column("used", Float),
)
"""The digest is the SHA-256 of a key. One that was revoked stays, for the list."""

FAILURES = Table(
    "login_failures",
    METADATA,
    Column("judged_by", String(10), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("latest", Float, nullable=False),
)
"""`latest` is in seconds since 1970, as all times here."""

KNOWN = Table(
    "login_known",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("seen", Float, nullable=False),
)

ANSWERS = Table(
    "answers",
    METADATA,
    # SQLite numbers rows by itself only where the type is INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("user", String(100), nullable=False),
    Column("agent", String(100), nullable=False),
    Column("function", String(100), nullable=False),
    Column("stage", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("result", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("is_page", Boolean, nullable=False),
    Index("answers_at", "at"),
    Index("answers_user", "user"),
    Index("answers_agent", "agent"),
    # Each kind has its bound: counted here, without a look at the rows.
    Index("answers_kind", "is_page", "id"),
    sqlite_autoincrement=True,
)

PLAYBACKS = Table(
    "playbacks",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("server", String(100), nullable=False),
    Column("place", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("clips", Text, nullable=False),
    Column("faults", Text, nullable=False),
    Column("listener", String(36)),
    Column("replaced", String(36)),
    Column("volume", Integer, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("promised", Boolean, nullable=False, server_default="0"),
    Column("accepted", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("reason", String(20)),
    Column("detail", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("told", Text),
    Index("playbacks_ended", "ended"),
)
"""Texts are JSON. The one that has no `ended` may be playing."""

EVENTS = Table(
    "events",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("workspace", String(36), nullable=False),
    Column("playback", String(36), nullable=False),
    Column("body", Text, nullable=False),
    Index("events_at", "at"),
    Index("events_workspace", "workspace", "id"),
    Index("events_playback", "playback", "id"),
    sqlite_autoincrement=True,  # the id of the last one is not given again when it is forgotten
)
"""What a workspace is told of its playbacks, in the order of their ids; the body is JSON."""

FORGOTTEN = Table(
    "events_forgotten",
    METADATA,
    Column("workspace", String(36), primary_key=True),
    Column("event", BigInteger, nullable=False),
)
"""The last event of each workspace that is kept no more: who asks for older ones is told so."""

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("workspace", String(36), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("made", Float, nullable=False),
    # As `webhooks_revision`, of this one.
    Column("revision", Integer, nullable=False, server_default="0"),
    Index("webhooks_workspace", "workspace"),
)
"""`types` are words with blanks between; `secrets` are JSON. A secret signs, so it is kept as it is
(decision 0011)."""

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("webhook", String(36), primary_key=True),
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("playback", String(36), nullable=False),
    Column("body", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Column("tried", Float),
    Column("failure", Text, nullable=False),
    Column("dead", Float),
    Index("deliveries_dead", "webhook", "dead", "event"),
    # The last failure is told without a look at the rows.
    Index("deliveries_tried", "webhook", "tried", sqlite_where=text("tried IS NOT NULL")),
)
"""Events that a webhook has not taken yet; one that it has is forgotten. They have their body with
them: they may wait for longer than events are kept. One that was `tried` has a `failure`."""

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("workspace", String(36), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("seed", String(36), nullable=False),
    Column("at", Float, nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", Text),
    Column("size", Integer, nullable=False, server_default="0"),
    Index("idempotency_keys_at", "at"),
    # All that is counted of a workspace: without a look at the rows.
    Index("idempotency_keys_size", "workspace", "size"),
)
"""The one that has no `status` may be at work; the ids of its playbacks are made of `seed`."""

MIGRATIONS: Mapping[int, Sequence[str]] = {
    2: [
        "ALTER TABLE answers ADD COLUMN is_page BOOLEAN NOT NULL DEFAULT 0",
        "CREATE INDEX answers_kind ON answers (is_page, id)",
    ],
    3: [
        "ALTER TABLE store_state ADD COLUMN identity VARCHAR(32) NOT NULL DEFAULT ''",
        "UPDATE store_state SET identity = lower(hex(randomblob(16)))",
        """CREATE TABLE playbacks (
            id VARCHAR(36) NOT NULL PRIMARY KEY, server VARCHAR(100) NOT NULL,
            place TEXT NOT NULL, request TEXT NOT NULL, clips TEXT NOT NULL,
            faults TEXT NOT NULL, listener VARCHAR(36), replaced VARCHAR(36),
            volume INTEGER NOT NULL, begun BOOLEAN NOT NULL, accepted FLOAT NOT NULL,
            started FLOAT, ended FLOAT, reason VARCHAR(20), detail TEXT NOT NULL,
            position TEXT NOT NULL)""",
        "CREATE INDEX playbacks_ended ON playbacks (ended)",
    ],
    4: [
        "ALTER TABLE playbacks ADD COLUMN told TEXT",
        """CREATE TABLE events (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at FLOAT NOT NULL,
            workspace VARCHAR(36) NOT NULL, playback VARCHAR(36) NOT NULL, body TEXT NOT NULL)""",
        "CREATE INDEX events_at ON events (at)",
        "CREATE INDEX events_workspace ON events (workspace, id)",
        "CREATE INDEX events_playback ON events (playback, id)",
        """CREATE TABLE events_forgotten (
            workspace VARCHAR(36) NOT NULL PRIMARY KEY, event BIGINT NOT NULL)""",
        "ALTER TABLE playbacks ADD COLUMN promised BOOLEAN NOT NULL DEFAULT 0",
        """CREATE TABLE idempotency_keys (
            workspace VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL,
            fingerprint VARCHAR(64) NOT NULL, seed VARCHAR(36) NOT NULL, at FLOAT NOT NULL,
            status INTEGER, headers TEXT, body TEXT, size INTEGER NOT NULL DEFAULT '0',
            PRIMARY KEY (workspace, name))""",
        "CREATE INDEX idempotency_keys_at ON idempotency_keys (at)",
        "CREATE INDEX idempotency_keys_size ON idempotency_keys (workspace, size)",
        "ALTER TABLE store_state ADD COLUMN keys_revision INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE access_keys (
            digest VARCHAR(64) NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL,
            workspace VARCHAR(36) NOT NULL, scopes TEXT NOT NULL, made FLOAT NOT NULL,
            expires FLOAT, revoked FLOAT, used FLOAT)""",
        "ALTER TABLE store_state ADD COLUMN webhooks_revision INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE webhooks (
            id VARCHAR(36) NOT NULL PRIMARY KEY, workspace VARCHAR(36) NOT NULL,
            url TEXT NOT NULL, types TEXT NOT NULL, secrets TEXT NOT NULL, made FLOAT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX webhooks_workspace ON webhooks (workspace)",
        """CREATE TABLE deliveries (
            webhook VARCHAR(36) NOT NULL, event BIGINT NOT NULL, playback VARCHAR(36) NOT NULL,
            body TEXT NOT NULL, made FLOAT NOT NULL, attempts INTEGER NOT NULL,
            due FLOAT NOT NULL, tried FLOAT, failure TEXT NOT NULL, dead FLOAT,
            PRIMARY KEY (webhook, event))""",
        "CREATE INDEX deliveries_dead ON deliveries (webhook, dead, event)",
        "CREATE INDEX deliveries_tried ON deliveries (webhook, tried) WHERE tried IS NOT NULL",
    ],
}
"""The statements that lead to each version from the one before."""

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
)

VERSION = 2

METADATA = MetaData()

STATE = Table(
    "store_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    # Raised with every change of a user: whoever runs sees by it that there is something to read.
    Column("users_revision", Integer, nullable=False),
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

MIGRATIONS: Mapping[int, Sequence[str]] = {
    2: [
        "ALTER TABLE answers ADD COLUMN is_page BOOLEAN NOT NULL DEFAULT 0",
        "CREATE INDEX answers_kind ON answers (is_page, id)",
    ],
}
"""The statements that lead to each version from the one before."""

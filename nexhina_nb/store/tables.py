"""The tables as they are today. `migrations` holds the steps that lead here; a test holds the two
together.

Money is integer quota (500,000 = 1 USD), times are Unix seconds. A key is stored as its SHA-256
only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("role", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("group", String(64), nullable=False),
    Column("quota", BigInteger, nullable=False),
    Column("used_quota", BigInteger, nullable=False),
    Column("request_count", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("key_hint", String(24), nullable=False),
    Column("status", Integer, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("expired_time", BigInteger, nullable=False),
    Column("remain_quota", BigInteger, nullable=False),
    Column("used_quota", BigInteger, nullable=False),
    Column("unlimited_quota", Boolean, nullable=False),
    Column("model_limits", Text, nullable=False),
    Column("group", String(64), nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("user_id", Integer, nullable=False, index=True),
    Column("token_id", Integer, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("request_id", String(64), nullable=False),
    UniqueConstraint("request_id", "kind", name="uq_entries_request"),
)

logs = Table(
    "logs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("type", Integer, nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("username", String(64), nullable=False),
    Column("token_id", Integer, nullable=False),
    Column("token_name", String(64), nullable=False),
    Column("model_name", String(255), nullable=False),
    Column("quota", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("use_time", Integer, nullable=False),
    Column("is_stream", Boolean, nullable=False),
    Column("channel", Integer, nullable=False),
    Column("group", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("request_id", String(64), nullable=False, index=True),
    Column("upstream_request_id", String(128), nullable=False),
    Column("other", Text, nullable=False),
    Index("ix_logs_token", "token_id", "id"),
)

channels = Table(
    "channels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("type", String(16), nullable=False),
    Column("status", Integer, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("key_env", String(128), nullable=False),
    Column("models", Text, nullable=False),
    Column("model_mapping", Text, nullable=False),
    Column("group", String(255), nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("created_time", BigInteger, nullable=False),
)

prices = Table(
    "prices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String(255), nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
    Column("price", Text, nullable=False),
)

# Videos in the making, and made.
tasks = Table(
    "tasks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("token_id", Integer, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("model", String(255), nullable=False),
    Column("channel", Integer, nullable=False),
    Column("upstream_id", String(255), nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("progress", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("remix_of", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Index("ix_tasks_user", "user_id", "created_at"),
)

# Responses that can be asked for again: what went in, what came out, as JSON.
responses = Table(
    "responses",
    metadata,
    Column("user_id", Integer, primary_key=True, autoincrement=False),
    Column("id", String(128), primary_key=True),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("model", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("channel", Integer, nullable=False),
    Column("upstream_id", String(128), nullable=False),
    Column("previous_id", String(128), nullable=False),
    Column("request", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("events", Text, nullable=False),
)

"""What is written down of calls, and what calls leave behind."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from nexhina_nb.store.tables.columns import RowId, added, metadata

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
    added("ip", String(64)),
    Index("ix_logs_token", "token_id", "id"),
    Index("ix_logs_user", "user_id", "id"),
)

# Prompts and answers of keys that ask for it, redacted.
captures = Table(
    "captures",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("user_id", Integer, nullable=False),
    Column("token_id", Integer, nullable=False),
    Column("model", String(255), nullable=False),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
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

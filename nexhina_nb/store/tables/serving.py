"""Where calls go, and what the operator has set."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, Text

from nexhina_nb.store.tables.columns import added, metadata

channels = Table(
    "channels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("type", String(16), nullable=False),
    Column("status", Integer, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("model_mapping", Text, nullable=False),
    Column("group", String(255), nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    # The provider's number on the wire (contract 6.2); `type` says how it is spoken to.
    added("code", Integer()),
    # Where its keys are kept: a JSON list of "env:NAME", "keyring:NAME" and "file:PATH".
    added("keys", Text()),
    added("multi_key_mode", String(8)),
    # Index of a key → {"status", "reason", "time"}, as JSON; a key that is on is left out.
    added("key_states", Text()),
    added("allow_private", Boolean()),
    added("first_token_timeout", Float()),
    added("idle_timeout", Float()),
    added("param_override", Text()),
    added("header_override", Text()),
    added("status_code_mapping", Text()),
    added("openai_organization", String(128)),
    added("test_model", String(255)),
    added("test_time", BigInteger()),
    added("response_time", Integer()),
    added("balance", Float()),
    added("balance_updated_time", BigInteger()),
    added("used_quota", BigInteger()),
    added("auto_ban", Boolean()),
    added("tag", String(64)),
    added("remark", String(255)),
    added("setting", Text()),
    added("settings", Text()),
    added("other", Text()),
    added("other_info", Text()),
)

options = Table(
    "options",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

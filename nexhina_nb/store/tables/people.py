"""Users, their keys, the codes that bring them money, and the groups they are in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from nexhina_nb.store.tables.columns import added, metadata

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
    added("display_name", String(64)),
    added("email", String(64)),
    added("remark", String(255)),
    added("password_hash", Text()),
    added("access_token_hash", String(64)),
    added("last_login_at", BigInteger()),
    added("deleted_at", BigInteger()),
    # What the user has set: JSON, or nothing.
    added("setting", Text()),
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
    added("model_limits_enabled", Boolean()),
    added("allow_ips", Text()),
    added("cross_group_retry", Boolean()),
    added("accessed_time", BigInteger()),
    added("deleted_at", BigInteger()),
    # Whether the key may use the admin API, with the rights of its user.
    added("manages", Boolean()),
    # What it may spend in each period: "daily", "weekly", "monthly"; nothing: no budget.
    added("budget", BigInteger()),
    added("budget_period", String(8)),
    added("budget_used", BigInteger()),
    added("budget_since", BigInteger()),
    # Requests and tokens a minute, requests at a time; 0: no limit. Seconds that a request waits.
    added("rpm", Integer()),
    added("tpm", BigInteger()),
    added("parallel", Integer()),
    added("queue_seconds", Integer()),
    # Whether prompts and answers are kept, redacted.
    added("capture", Boolean()),
)

# Codes that turn into quota once.
redemptions = Table(
    "redemptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("name", String(64), nullable=False, index=True),
    # Of a class: whom the code is for.
    Column("holder", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("key_hint", String(24), nullable=False),
    Column("status", Integer, nullable=False),
    Column("quota", BigInteger, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("redeemed_time", BigInteger, nullable=False),
    Column("used_user_id", Integer, nullable=False),
    Column("expired_time", BigInteger, nullable=False),
    # The terms of the key that the code brings, as JSON, or nothing.
    Column("terms", Text, nullable=False),
)

# Groups of users and channels: what they pay, and how much at a time. "default" needs no row.
groups = Table(
    "groups",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("description", String(255), nullable=False),
    # A decimal number as text: ratios are exact.
    Column("ratio", String(32), nullable=False),
    # Group of a user → the ratio that counts for it instead (GroupGroupRatio), as JSON.
    Column("ratios", Text, nullable=False),
    Column("selectable", Boolean, nullable=False),
    # Its place in the order that keys of the group "auto" follow; 0: not among them.
    Column("auto_order", Integer, nullable=False),
    Column("rpm", Integer, nullable=False),
    Column("tpm", BigInteger, nullable=False),
    Column("parallel", Integer, nullable=False),
)

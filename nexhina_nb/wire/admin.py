"""The objects of the admin API (contract 1.2, 1.5, 1.7, 1.9, 1.11, 6, 7 and 8). Times are Unix
seconds, money is quota.

Replies leave out what the caller may not see, so every field can be absent.
"""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from nexhina_nb.wire.base import JSONObject, Reply


class Log(Reply):
    """One row of the log (contract 8.1); ``use_time`` is in seconds, ``other`` is JSON as text."""

    id: int | None = None
    user_id: int | None = None
    username: str | None = None
    type: int | None = None
    content: str | None = None
    created_at: int | None = None
    token_name: str | None = None
    token_id: int | None = None
    model_name: str | None = None
    quota: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    use_time: int | None = None
    is_stream: bool | None = None
    channel: int | None = None
    channel_name: str | None = None
    group: str | None = None
    ip: str | None = None
    request_id: str | None = None
    upstream_request_id: str | None = None
    other: str | None = None


class User(Reply):
    """An account; ``quota`` is what is left in its wallet."""

    id: int | None = None
    username: str | None = Field(default=None, max_length=20)
    display_name: str | None = Field(default=None, max_length=20)
    password: str | None = Field(default=None, repr=False)
    role: int | None = None
    status: int | None = None
    email: str | None = Field(default=None, max_length=50)
    group: str | None = None
    quota: int | None = None
    used_quota: int | None = None
    request_count: int | None = None
    remark: str | None = Field(default=None, max_length=255)
    created_at: int | None = None
    last_login_at: int | None = None


class Channel(Reply):
    """One upstream. ``models`` and ``group`` are comma lists; a higher ``priority`` is tried first.

    The public description says `groups`, servers say `group`: both are read, `group` is written.
    """

    id: int | None = None
    name: str | None = None
    type: int | None = None
    status: int | None = None
    models: str | None = None
    group: str | None = Field(
        default=None,
        validation_alias=AliasChoices("group", "groups"),
        serialization_alias="group",
    )
    priority: int | None = None
    weight: int | None = None
    base_url: str | None = None
    tag: str | None = None
    key: str | None = Field(default=None, repr=False)
    test_model: str | None = None
    model_mapping: str | None = None
    status_code_mapping: str | None = None
    auto_ban: int | None = None
    used_quota: int | None = None
    balance: float | None = None
    response_time: int | None = None
    created_time: int | None = None
    test_time: int | None = None
    remark: str | None = None
    channel_info: JSONObject | None = None


class Token(Reply):
    """A key. ``key`` is without its `sk-` and masked in lists; ``expired_time`` -1 means never."""

    id: int | None = None
    user_id: int | None = None
    name: str | None = Field(default=None, max_length=50)
    key: str | None = Field(default=None, repr=False)
    status: int | None = None
    expired_time: int | None = None
    remain_quota: int | None = None
    unlimited_quota: bool | None = None
    used_quota: int | None = None
    created_time: int | None = None
    accessed_time: int | None = None
    model_limits_enabled: bool | None = None
    model_limits: str | None = None
    allow_ips: str | None = None
    group: str | None = None
    cross_group_retry: bool | None = None


class Redemption(Reply):
    """A code that turns into quota once; ``expired_time`` 0 means never."""

    id: int | None = None
    name: str | None = Field(default=None, min_length=1, max_length=20)
    key: str | None = Field(default=None, repr=False)
    status: int | None = None
    quota: int | None = None
    created_time: int | None = None
    redeemed_time: int | None = None
    user_id: int | None = None
    used_user_id: int | None = None
    expired_time: int | None = None
    count: int | None = Field(default=None, ge=1, le=100)


class ApiResponse(Reply):
    """The envelope of the admin API: a refusal is HTTP 200 with ``success`` false."""

    success: bool
    message: str | None = None
    data: Any = None


class PageInfo(Reply):
    """One page of a list; ``page`` counts from 1."""

    page: int
    page_size: int
    total: int
    items: list[JSONObject]


class TokenUsage(Reply):
    """GET /api/usage/token/: what a key has left; ``expires_at`` 0 means never (contract 7.3)."""

    object: str = "token_usage"
    name: str
    total_granted: int
    total_used: int
    total_available: int
    unlimited_quota: bool
    model_limits: dict[str, bool]
    model_limits_enabled: bool
    expires_at: int

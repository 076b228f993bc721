"""What the gateway says of itself to whoever comes, and the models by kind of channel
(contract 7.8).
"""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.engines import ENGINES
from nexhina_nb.gateway.admin.door import USER, Door
from nexhina_nb.pricing.price import QUOTA_PER_USD
from nexhina_nb.release import version
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import ENABLED, Channel

# Ways to log in that others offer.
_OFF = (
    "github_oauth", "discord_oauth", "oidc_enabled", "wechat_login", "telegram_oauth",
    "linuxdo_oauth", "passkey_login", "email_verification", "turnstile_check", "register_enabled",
    "enable_drawing", "self_use_mode_enabled", "demo_site_enabled",
)  # fmt: skip
_ON = (
    "display_in_currency", "enable_task", "enable_data_export", "password_login_enabled", "setup",
)  # fmt: skip


def routes(door: Door) -> list[BaseRoute]:
    """What anybody may read, and the models of who asks."""
    desk = Site(door)
    return [
        door.public("/api/status", desk.status, "GET", guard=""),
        door.public("/api/notice", desk.notice, "GET", guard=""),
        door.public("/api/about", desk.about, "GET", guard=""),
        door.public("/api/home_page_content", desk.home_page, "GET", guard=""),
        door.route("/api/models", desk.models, "GET", USER),
    ]


class Site:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._gateway = door.gateway
        self._started = int(time.time())

    async def status(self, _: Request) -> dict[str, Any]:
        """version, units and switches of this gateway"""
        options = await self._gateway.options()
        return {
            "version": version(),
            "start_time": self._started,
            "system_name": options["SystemName"],
            "logo": "",
            "server_address": "",
            "docs_link": "/docs",
            "quota_per_unit": QUOTA_PER_USD,
            "quota_display_type": "USD",
            "usd_exchange_rate": 1,
            "price": 1,
            "data_export_default_time": "hour",
            "announcements": [],
            **dict.fromkeys(_ON, True),
            **dict.fromkeys(_OFF, False),
        }

    async def notice(self, _: Request) -> str:
        """a text for whoever comes"""
        return await self._text("Notice")

    async def about(self, _: Request) -> str:
        """a text about this gateway"""
        return await self._text("About")

    async def home_page(self, _: Request) -> str:
        """the text of the first page"""
        return await self._text("HomePageContent")

    async def models(self, _: Request, person: Account) -> dict[str, list[str]]:
        """the models that the caller may use, by type of channel"""
        routes = await self._gateway.routes()
        usable = routes.models(person)
        found: dict[int, set[str]] = {}
        for channel in routes.channels:
            served = {m for m in channel.models if m in usable and _can_run(m, channel)}
            if served and channel.status == ENABLED:
                found.setdefault(channel.code, set()).update(served)
        return {str(code): sorted(models) for code, models in sorted(found.items())}

    async def _text(self, option: str) -> str:
        return (await self._gateway.options())[option]


def _can_run(model: str, channel: Channel) -> bool:
    engine = ENGINES.get(model) if channel.type == "local" else None
    return engine is None or engine.is_installed

"""Where channels may lead: on the admin API's word to public addresses, unless all are open."""

from __future__ import annotations

from nexhina_nb.errors import BadInput, BadRequest, ConfigError
from nexhina_nb.gateway.upstreams import guard, target
from nexhina_nb.store.channels import Channel


async def check_place(channel: Channel) -> None:
    """Raise BadInput for a base URL that is none, or leads where the channel may not go."""
    if channel.type == "local":
        return
    try:
        found = target.parse(channel.base_url)
    except ConfigError as error:
        raise BadInput(error.message, hint=error.hint) from None
    if channel.allow_private:
        return
    try:
        await guard.resolve(found.host, found.port)
    except BadRequest:
        raise BadInput(
            "the base URL leads to no address on the public network",
            hint="the setting allow_private_urls (NEXHINA_ALLOW_PRIVATE_URLS=true) opens private "
            "networks to channels made here; `nexhina channels add` may always use them",
        ) from None


def origin(channel: Channel) -> tuple[object, ...]:
    """Where a channel leads: also by its path, which on a shared host says whose place it is."""
    try:
        found = target.parse(channel.base_url)
    except ConfigError:
        return ()
    return found.scheme, found.host, found.port, found.prefix

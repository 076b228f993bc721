"""Where the gateway may go for somebody else: public addresses, and no others.

A caller chooses the links that are fetched for him. Without a check he could read what only this
machine or its network can see (server-side request forgery). A name is therefore resolved once,
every address is judged, and the connection goes to the very address that was judged: a name that
points elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from nexhina_nb.errors import BadRequest, Upstream
from nexhina_nb.gateway.upstreams.target import Target

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def resolve(host: str, port: int, *, allow_private: bool = False) -> str:
    """The address to connect to. Raises BadRequest, with one text for names that do not exist and
    for those that point to a private network: which of the two is nobody's business.
    """
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        rows = []
    found = [str(row[4][0]) for row in rows]
    if not found or not (allow_private or all(map(is_public, found))):
        raise BadRequest(
            "the link leads to no address on the public network",
            hint="send the content as a data URI instead",
        )
    return found[0]


async def judged_host(target: Target) -> str:
    """The host to connect to: of a target that must be public, the very address that was judged.

    Raises Upstream (code ``channel:private_address``), so that another channel is asked.
    """
    if not target.only_public:
        return target.host
    try:
        return await resolve(target.host, target.port)
    except BadRequest:
        raise Upstream(
            "the channel's base URL leads to no address on the public network",
            code="channel:private_address",
            hint="allow_private_urls opens private networks to channels made by the admin API",
        ) from None


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet may talk to."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # an address with a zone (fe80::1%eth0) is local by nature
        return False
    return all(map(_is_global, (parsed, *_inside(parsed))))


def _is_global(address: _Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not getattr(address, "is_site_local", False)
    )


def _inside(address: _Address) -> list[_Address]:
    """The IPv4 addresses that an IPv6 address stands for, where it goes through a translator."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    held = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64 or int(address) >> 32 == 0:
        held.append(low)
    return [inner for inner in held if inner is not None]

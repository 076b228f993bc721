"""From a channel to what answers its calls."""

from __future__ import annotations

import os

from nexhina_nb.errors import ConfigError, ServiceUnavailable
from nexhina_nb.gateway.upstreams.base import UpstreamPort
from nexhina_nb.gateway.upstreams.limits import Timeouts
from nexhina_nb.gateway.upstreams.local import LocalUpstream
from nexhina_nb.gateway.upstreams.openai import OpenAIUpstream
from nexhina_nb.gateway.upstreams.translated import Translated
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.store.channels import Channel


def connect(channel: Channel, settings: Settings) -> UpstreamPort:
    """The upstream of a channel. Its key comes from the environment variable that the channel
    names.

    Raises ServiceUnavailable, so that another channel is asked, when that variable is not set in
    the gateway's environment or what is set does not make sense.
    """
    if channel.type == "local":
        return Translated(LocalUpstream(settings), only_chat=True)
    source, _, name = channel.keys[0].partition(":") if channel.keys else ("", "", "")
    key = os.environ.get(name, "") if source == "env" else ""
    if channel.keys and not key:
        raise ServiceUnavailable(
            f"channel '{channel.name}' has no key: set {name} where the gateway runs"
        )
    wait = settings.upstream_timeout
    timeouts = Timeouts(connect=settings.connect_timeout, first_byte=wait, idle=wait)
    try:
        upstream = OpenAIUpstream(channel.base_url, Secret(key) if key else None, timeouts=timeouts)
    except ConfigError as error:
        raise ServiceUnavailable(
            f"channel '{channel.name}' is not set up rightly: {error.message}", hint=error.hint
        ) from None
    return Translated(upstream)

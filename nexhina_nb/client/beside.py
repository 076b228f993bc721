"""Flows that only ask something, carried out beside the calls of a client of either kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.steps import Flow
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import NexhinaError

T = TypeVar("T")


def carried_out(client: Shell, flow: Callable[[Session], Flow[T]]) -> T | None:
    """What a flow comes to; None where it fails.

    For an AsyncClient a blocking client asks, with its session. One with an
    ``http_client`` of its own, which alone may know the way, is not asked for.
    """
    try:
        if isinstance(client, Client):
            return client._run(flow(client._session))
        if client._transport.given:
            return None
        with Client(client.base_url, client.key, settings=client.settings) as asking:
            return asking._run(flow(client._session))
    except NexhinaError:
        return None

"""Keeping what a call said, for keys that ask for it (``Account.capture``): redacted, bounded, and
beside the event loop. A capture that fails harms no call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from nexhina_nb.errors import StoreError
from nexhina_nb.gateway.redaction import as_kept
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.captures import Capture, add_capture

log = logging.getLogger("nexhina.gateway")


def capture(
    gateway: Gateway, account: Account, request_id: str, body: dict[str, Any], answer: Any
) -> None:
    """Keep a settled call, if its key wants that: the body of the request, and the answer as text
    or JSON. Nobody waits for it.
    """
    if account.capture:
        gateway.spawn(_capture(gateway, account, request_id, body, answer))


async def _capture(
    gateway: Gateway, account: Account, request_id: str, body: dict[str, Any], answer: Any
) -> None:
    model = str(body.get("model", ""))[:255]
    texts = await asyncio.to_thread(lambda: (as_kept(body), as_kept(answer)))
    row = Capture(request_id, int(time.time()), account.user_id, account.token_id, model, *texts)
    try:
        await gateway.write(add_capture, row)
    except StoreError as error:
        log.error("a call could not be captured: %s", error)

"""What is asked of a channel's upstream on an administrator's behalf: whether it answers, which
models it has, what money is left there (contract 6.9).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadInput, ServiceUnavailable, Upstream, UpstreamTimeout
from nexhina_nb.gateway.redaction import redacted_text
from nexhina_nb.gateway.router import upstream_model
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Call, UpstreamPort
from nexhina_nb.gateway.upstreams.overrides import Facts, overridden
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.store.channels import Channel
from nexhina_nb.wire.faults import read_fault

PATIENCE_SECONDS = 60.0
_LARGEST = 16 << 20
_LONGEST_REASON = 300
_USAGE_DAYS = 100

_HI = [{"role": "user", "content": "hi"}]
# Endpoint type (contract 2.3) → where a trial goes, and what it says.
_TRIALS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "openai": ("/chat/completions", {"messages": _HI, "max_tokens": 16}),
    "openai-response": ("/responses", {"input": "hi", "max_output_tokens": 16}),
    "anthropic": ("/messages", {"messages": _HI, "max_tokens": 16}),
    "embeddings": ("/embeddings", {"input": "hi"}),
    "jina-rerank": ("/rerank", {"query": "hi", "documents": ["hi", "bye"]}),
    "moderations": ("/moderations", {"input": "hi"}),
    "image-generation": ("/images/generations", {"prompt": "hi", "n": 1}),
    "audio-speech": ("/audio/speech", {"input": "hi", "voice": "alloy"}),
}
_BY_KIND = {
    "embedding": "embeddings",
    "rerank": "jina-rerank",
    "moderation": "moderations",
    "image": "image-generation",
    "speech": "audio-speech",
    "transcription": "audio-transcription",
    "video": "openai-video",
}
_BY_NAME = {
    "rerank": "jina-rerank",
    "embed": "embeddings",
    "dall-e": "image-generation",
    "moderation": "moderations",
    "whisper": "audio-transcription",
    "tts": "audio-speech",
}
_STREAMING = ("openai", "openai-response", "anthropic")


def trial_call(
    channel: Channel, model: str, catalog: Catalog, kind: str = "", *, stream: bool = False
) -> Call:
    """The call that tries a model. Raises BadInput for a kind that cannot be tried cheaply."""
    kind = kind or _kind_of(model, catalog)
    if kind not in _TRIALS:
        raise BadInput(
            f"models of the kind {kind!r:.40} are not tried", hint=f"kinds: {', '.join(_TRIALS)}"
        )
    path, body = _TRIALS[kind]
    stream = stream and kind in _STREAMING
    asked = {"model": upstream_model(channel, model), **body} | ({"stream": True} if stream else {})
    call = Call(path, asked, stream=stream)
    return overridden(channel, call, Facts(path=f"/v1{path}", model=model))[0]


async def ask(gateway: Gateway, channel: Channel, call: Call) -> bytes:
    """What a channel answers with the key whose turn it is. Raises an APIError for a refusal."""
    keys = gateway.keys.ordered(channel)
    if not keys:
        raise ServiceUnavailable("all keys of the channel are off", code="channel:no_available_key")
    return await ask_at(gateway.upstream(channel, keys[0]), call)


async def ask_at(port: UpstreamPort, call: Call) -> bytes:
    """What an upstream answers, whole. Raises Upstream for a refusal, or UpstreamTimeout."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(await port.send(call)) as answer:
            content = bytearray()
            async for chunk in answer.chunks():
                content += chunk
                if len(content) > _LARGEST:
                    raise Upstream("the upstream's answer does not end", code="bad_response_body")
    except TimeoutError:
        raise UpstreamTimeout(f"no answer within {PATIENCE_SECONDS:.0f} s") from None
    _check(answer.status, bytes(content), answer.headers.get("content-type", ""))
    return bytes(content)


async def models_at(port: UpstreamPort) -> list[str]:
    """The models that an upstream names. Raises Upstream if it names none."""
    rows = _object(await ask_at(port, Call("/models", method="GET"))).get("data")
    found = [row.get("id") for row in rows if isinstance(row, dict)] if rows else []
    names = list(dict.fromkeys(name for name in found if isinstance(name, str) and name))
    if not names:
        raise Upstream("the upstream names no models", code="bad_response_body")
    return names


async def balance_at(gateway: Gateway, channel: Channel) -> Decimal:
    """USD that are left: the limit less what was used in the last hundred days. Raises Upstream
    where the upstream does not tell.
    """
    path, today = "/dashboard/billing", datetime.now(UTC).date()
    first = today - timedelta(days=_USAGE_DAYS)
    span = f"start_date={first}&end_date={today + timedelta(days=1)}"
    limit = await ask(gateway, channel, Call(f"{path}/subscription", method="GET"))
    usage = await ask(gateway, channel, Call(f"{path}/usage?{span}", method="GET"))
    # The usage is in hundredths of a dollar.
    return _number(limit, "hard_limit_usd") - _number(usage, "total_usage") / 100


def _kind_of(model: str, catalog: Catalog) -> str:
    if model in ENGINES:
        return ENGINES[model].endpoint_types[0]
    if (kind := catalog.kind(model)) is not None:
        return _BY_KIND.get(kind, "openai")
    named = (kind for part, kind in _BY_NAME.items() if part in model.lower())
    return next(named, "openai")


def _check(status: int, content: bytes, content_type: str) -> None:
    if 200 <= status < 300 and "event-stream" in content_type:
        lines = (line[5:] for line in content.splitlines() if line.startswith(b"data:"))
        content = next(lines, b"")
        content_type = "json"
    if 200 <= status < 300 and "json" not in content_type and content:
        return  # sound
    if 200 <= status < 300 and not _object(content).get("error"):
        return
    fault = read_fault(content)
    said = f": {redacted_text(fault.message)[:_LONGEST_REASON]}" if fault.message else ""
    raise Upstream(
        f"the upstream answered with status {status}{said}",
        code=fault.code or "bad_response_status_code",
    )


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content, parse_float=Decimal)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Upstream("the upstream's answer is no JSON object", code="bad_response_body")
    return value


def _number(content: bytes, name: str) -> Decimal:
    value = _object(content).get(name)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise Upstream(f"the upstream does not tell '{name}'", code="bad_response_body")
    return number

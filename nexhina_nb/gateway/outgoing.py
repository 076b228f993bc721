"""A call on its way out: what the caller asked, as the channel of a leg is asked it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nexhina_nb.gateway.kinds import Kind
from nexhina_nb.gateway.router import Leg, upstream_model
from nexhina_nb.gateway.upstreams.base import Call, Form

_ASK_USAGE = {"include_usage": True}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One call before it is known who answers. ``headers`` are those that an upstream may see."""

    kind: Kind
    body: dict[str, Any]
    form: Form | None
    stream: bool
    request_id: str
    origin: str
    headers: Mapping[str, str]

    def to(self, leg: Leg) -> Call:
        """The call as it goes to the channel of a leg: under the name that its model has there."""
        body = self.body
        if (name := upstream_model(leg.channel, leg.model)) != body["model"]:
            body = body | {"model": name}
        if self.stream and self.kind.asks_usage:
            body = body | {"stream_options": (body.get("stream_options") or {}) | _ASK_USAGE}
        if not self.kind.names_model:
            body = {name: value for name, value in body.items() if name != "model"}
        return Call(
            self.kind.path,
            body,
            form=self.form,
            stream=self.stream,
            request_id=self.request_id,
            origin=self.origin,
            headers=self.headers,
        )

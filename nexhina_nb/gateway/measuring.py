"""What a call used: what its answer says of that, and where it says nothing, what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nexhina_nb.gateway import answers
from nexhina_nb.gateway.kinds import Kind, Reply
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.usage import Tokens


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures the answers to one call: a body of a kind, perhaps with a form."""

    kind: Kind
    body: Mapping[str, Any]
    form: Form | None = None

    def reply(self, headers: Mapping[str, str], content: bytes) -> Reply:
        """A plain answer that was read. Raises Upstream if it should be JSON and is not."""
        is_json = self.kind.plain == "json" or "json" in headers.get("content-type", "")
        payload = answers.parsed(content) if is_json else None
        return Reply(headers, content, payload, len(content))

    def told(self, reply: Reply) -> Tokens | None:
        """What was used, as far as the answer says."""
        return self.kind.measure(self.body, self.form.files if self.form else (), reply)

    async def used(self, reply: Reply, model: str, text: str = "") -> Tokens:
        """What was used; ``text`` is counted, as ``model`` does, where the answer does not say."""
        if self.kind.plain == "sound":  # its length is read, which takes a while
            used = await asyncio.to_thread(self.told, reply)
        else:
            used = self.told(reply)
        # Zeros are believed (contract 5.5), unless there is text that they do not count.
        if used is None or (text and not used.total):
            used = await asyncio.to_thread(self._count, model, text)
        return used

    def _count(self, model: str, text: str) -> Tokens:
        """Without usage from the upstream the text itself is counted (contract 4 and 5.5)."""
        encoding = counter.encoding_for(model)
        prompt = sum(counter.count(piece, encoding) for piece in self.kind.prompt(self.body))
        return Tokens(prompt=prompt, completion=counter.count(text, encoding) if text else 0)

"""How long the answers of models were, by the gateway's log of the key's own calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nexhina_nb.client.beside import carried_out
from nexhina_nb.client.questions import ask
from nexhina_nb.client.session import Session
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.steps import Flow
from nexhina_nb.pricing.output import Usual
from nexhina_nb.wire import LogType

PATH = "/api/log/token"  # the newest 1,000 calls (contract 7.5)


@dataclass(frozen=True, slots=True)
class History:
    """Model → the tokens of each of its answers."""

    lengths: Mapping[str, list[int]] = field(default_factory=dict)

    def usual(self, *models: str) -> Usual | None:
        """Of one model, or of several together; None where there were too few."""
        return Usual.of(length for model in models for length in self.lengths.get(model, ()))


def history_of(client: Shell | None) -> History:
    """What the gateway's log says; nothing where there is none. Never raises."""
    found = None if client is None else carried_out(client, _history)
    return History() if found is None else found


def _history(session: Session) -> Flow[History]:
    _, body = yield from ask(session, PATH)
    rows = body.get("data") if isinstance(body, Mapping) else None
    lengths: dict[str, list[int]] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("type") == LogType.CONSUME:
            model, tokens = row.get("model_name"), row.get("completion_tokens")
            if isinstance(model, str) and isinstance(tokens, int) and tokens > 0:
                lengths.setdefault(model, []).append(tokens)
    return History(lengths)

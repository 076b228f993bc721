"""Recordings → their texts: one call, and a whole column of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nexhina_nb.client import Client
from nexhina_nb.magics.commands import recordings
from nexhina_nb.magics.commands.connection import price
from nexhina_nb.magics.commands.inputs import frame_column
from nexhina_nb.magics.commands.rows import each_row
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Hearing
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.transcripts import TEXT, Transcribe, Translate

_PLANS = {"transcribe": Transcribe, "translate": Translate}


@dataclass(frozen=True, slots=True)
class Hear:
    """What is asked about recordings."""

    verb: Literal["transcribe", "translate"]
    model: str
    options: Mapping[str, Any]

    def send(self, client: Client, recording: Any, **more: Any) -> Any:
        """Make the call: a reply, or a stream of one."""
        return getattr(client, self.verb)(recording, model=self.model, **self.options, **more)

    def estimate(self, recording: Any, catalog: Catalog) -> Estimate:
        """What it would cost; of a length that cannot be told it is unknown."""
        seconds = recordings.seconds_of(recording)
        return price(self.verb, "", model=self.model, seconds=seconds, catalog=catalog)


def hear_column(context: Context, args: Hearing, hear: Hear) -> Note | None:
    """A frame with a column of paths → the same kind of frame with their texts."""
    frame, column = frame_column(context, args)
    language, prompt = hear.options.get("language"), hear.options.get("prompt")
    plan = _PLANS[hear.verb](column, language=language, prompt=prompt)
    return each_row(context, args, plan, frame, _told, cache=not args.no_cache)


def _told(_: Any) -> str:
    return f'"{TEXT}" holds what was said'

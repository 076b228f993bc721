"""Work that has not been done: what it would cost by one model, and alike by several."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from narwhals import dependencies

from nexhina_nb.batch.recordings import seconds_of
from nexhina_nb.client.history import History
from nexhina_nb.client.shell import Shell
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import estimate as calls
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.output import ENDLESS, Usual

_OVER_FRAMES = ("embed", "rerank", "ask", "moderate", "transcribe")
_HEARING = ("transcribe", "translate")
# What stands second in a call of such a verb, after the frame.
_SECOND = ("column", "prompt")


@dataclass(frozen=True, slots=True)
class Prospect:
    """A call of a verb, or the verb over a frame; the fields are what `estimate` was given."""

    verb: Any
    inputs: Any
    other: Any
    options: Mapping[str, Any]
    client: Shell | None
    catalog: Catalog | None
    at: datetime | date | None

    def by(self, model: str, **more: Any) -> Estimate:
        """What one model takes for it at most."""
        options = {**self.options, **more}
        if is_frame(self.inputs):
            return self._over_frame(model, options)
        if self.verb == "ask":
            raise BadInput("ask takes a frame", hint="for one prompt the verb is chat")
        if self.other is not None:
            raise BadInput(f"{self.verb} takes one input here", hint="name the others")
        if self.verb in _HEARING and self.inputs and options.get("seconds") is None:
            options["seconds"] = _seconds(self.inputs)
        return calls.estimate(
            self.verb, self.inputs, model=model, catalog=self.catalog, at=self.at, **options
        )

    def narrowed(self, made: Estimate, usual: Usual | None) -> Estimate:
        """The estimate with answers of the usual length; where the caller set a limit, they may
        have that.
        """
        return made.narrowed(usual, to_the_limit=self._is_limited)

    @property
    def _is_limited(self) -> bool:
        return self.options.get("max_tokens") is not None

    def by_each(self, models: Sequence[str], history: History) -> list[Estimate]:
        """What several models take, with answers of the same length: as they usually were, or as
        long as those of the model with the lowest limit can be. A model without room for an answer
        has no say in that, nor one whose limit is a guess.
        """
        if not models:
            raise BadInput("there is no model to compare", hint='model=["one", "another"]')
        found = [self.by(model) for model in models]
        usual = history.usual(*models)
        if usual is not None or self._is_limited:
            return [self.narrowed(made, usual) for made in found]
        limits = [
            (made.output_tokens[1] // made.answers, made.model)
            for made in found
            if made.output_tokens[1] and made.price is not None and made.floor != ENDLESS
        ]
        if not limits:
            return found
        least, lowest = min(limits, key=lambda limit: limit[0])
        words = f"at most the {least:,} tokens of output that {lowest} can give, for all"
        return [
            replace(self.by(made.model, max_tokens=least), assumption=words)
            if made.output_tokens[1]
            else made
            for made in found
        ]

    def _over_frame(self, model: str, options: dict[str, Any]) -> Estimate:
        """The dry run of the verb, as if nothing were in the cache."""
        if self.verb not in _OVER_FRAMES:
            known = ", ".join(_OVER_FRAMES)
            raise BadInput(f"{self.verb} does not take a frame", hint=f"these do: {known}")
        # Where each verb lives is known in one place.
        verb = getattr(importlib.import_module("nexhina_nb"), self.verb)
        second = [options.pop(name) for name in _SECOND if name in options]
        second += [] if self.other is None else [self.other]
        options |= {"model": model, "client": self.client, "cache": False, "dry_run": True}
        made = verb(self.inputs, *second, **options)
        assert isinstance(made, Estimate)
        return made


def is_frame(inputs: Any) -> bool:
    """Whether it is a frame of one of the known kinds."""
    return (
        dependencies.is_pandas_dataframe(inputs)
        or dependencies.is_polars_dataframe(inputs)
        or dependencies.is_polars_lazyframe(inputs)
        or dependencies.is_pyarrow_table(inputs)
        or dependencies.is_dask_dataframe(inputs)
    )


def _seconds(recording: object) -> float | None:
    if not isinstance(recording, (str, Path)):
        return None
    return seconds_of(Path(recording).expanduser())

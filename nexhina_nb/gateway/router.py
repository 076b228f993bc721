"""Which channel answers a call: by group and model, then priority, then weight (contract 6.3).

The built-in engines are a channel like any other, with the number 0, that every group may use.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import ModelNotFound, PermissionDenied, ServiceUnavailable
from nexhina_nb.pricing.names import suggest
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import ENABLED, Channel

# As long as the column of the log; no model's name comes near.
LONGEST_NAME = 255
BUILT_IN = Channel(name="built-in", type="local", models=tuple(ENGINES), groups=("*",))


@dataclass(frozen=True, slots=True)
class Routes:
    """The channels of one moment."""

    channels: tuple[Channel, ...]

    def models(self, account: Account) -> dict[str, Channel]:
        """Model → a channel that serves it, for what this account may use, in order of name."""
        found: dict[str, Channel] = {}
        for channel in self.channels:
            if channel.status == ENABLED and _serves_group(channel, account.group):
                for model in channel.models:
                    found.setdefault(model, channel)
        return {m: found[m] for m in sorted(found) if _may_use(account, m)}

    def serves(self, model: str) -> bool:
        """Whether any channel that is on has the model, for whomever."""
        return any(row.status == ENABLED and model in row.models for row in self.channels)

    def candidates(self, account: Account, model: str) -> list[Channel]:
        """The channels for a call, best first.

        Raises ModelNotFound (404, with the nearest names), PermissionDenied (403) for a key that is
        limited to other models, or ServiceUnavailable (503) when the model is known but no enabled
        channel serves it.
        """
        serving = [channel for channel in self.channels if model in channel.models]
        if not serving:
            raise self._unknown(account, model)
        if not _may_use(account, model):
            raise PermissionDenied(
                f"this key may not use the model '{model}'", code="model_not_allowed", param="model"
            )
        usable = [
            channel
            for channel in serving
            if channel.status == ENABLED and _serves_group(channel, account.group)
        ]
        if not usable:
            raise ServiceUnavailable(f"no enabled channel serves the model '{model}' now")
        return ordered(usable)

    def _unknown(self, account: Account, model: str) -> ModelNotFound:
        if len(model) > LONGEST_NAME:
            # Comparing spellings takes seconds for a name of megabytes.
            return ModelNotFound(f"no model has a name of {len(model):,} characters", param="model")
        near = suggest(model, list(self.models(account)))
        text = f"The model '{model}' does not exist or you do not have access to it"
        if near and near[0].lower() == model.lower():
            text += f"; model names are case-sensitive: did you mean '{near[0]}'?"
        elif near:
            text += f"; near it: {', '.join(near)}"
        return ModelNotFound(text, param="model")


def routes(channels: Iterable[Channel]) -> Routes:
    """The stored channels and the built-in engines."""
    return Routes((*channels, BUILT_IN))


def ordered(channels: Sequence[Channel], dice: random.Random | None = None) -> list[Channel]:
    """Higher priority first; inside one priority a weighted draw without replacement."""
    draw = dice or random
    result: list[Channel] = []
    for priority in sorted({channel.priority for channel in channels}, reverse=True):
        level = [channel for channel in channels if channel.priority == priority]
        while len(level) > 1:
            weights: Collection[int] = [channel.weight for channel in level]
            if not any(weights):
                weights = [1] * len(level)
            picked = draw.choices(level, list(weights))[0]
            result.append(picked)
            level.remove(picked)
        result += level
    return result


def _serves_group(channel: Channel, group: str) -> bool:
    return "*" in channel.groups or group in channel.groups


def _may_use(account: Account, model: str) -> bool:
    return not account.model_limits or model in account.model_limits

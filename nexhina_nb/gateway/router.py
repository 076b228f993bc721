"""Which channels can answer a call: by group and model, then priority, then weight (contract 6.3).

The built-in engines are a channel like any other, with the number 0, that every group may use.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import ModelNotFound, PermissionDenied, ServiceUnavailable, Upstream
from nexhina_nb.pricing.names import suggest
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import ENABLED, Channel
from nexhina_nb.store.groups import AUTO, Group

# As long as the column of the log; no model's name comes near.
LONGEST_NAME = 255
_DICE = random.Random()
BUILT_IN = Channel(name="built-in", type="local", models=tuple(ENGINES), groups=("*",), code=100)


@dataclass(frozen=True, slots=True)
class Leg:
    """One way to have a call answered: the channel, the model it is asked for, and the group that
    the call counts in, with its price ratio.
    """

    channel: Channel
    model: str
    group: str = "default"
    ratio: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Routes:
    """The channels, groups and fall-backs of one moment."""

    channels: tuple[Channel, ...]
    groups: Mapping[str, Group] = field(default_factory=dict)
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def models(self, account: Account) -> dict[str, Channel]:
        """Model → a channel that serves it, for what this account may use, in order of name."""
        found: dict[str, Channel] = {}
        for group in self.groups_of(account):
            for channel in self.channels:
                if channel.status == ENABLED and _serves_group(channel, group):
                    for model in channel.models:
                        found.setdefault(model, channel)
        return {m: found[m] for m in sorted(found) if account.may_use(m)}

    def serves(self, model: str) -> bool:
        """Whether any channel that is on has the model, for whomever."""
        return any(row.status == ENABLED and model in row.models for row in self.channels)

    def legs(self, account: Account, model: str, sticky: str = "") -> list[Leg]:
        """The ways to answer a call, best first; those by another model come last.

        Calls with the same ``sticky`` text prefer the same channel. Raises ModelNotFound (404, with
        the nearest names), PermissionDenied (403) for a key that is limited to other models or asks
        for a group that is not its user's, or ServiceUnavailable (503) when the model is known but
        no enabled channel serves it.
        """
        groups = self.groups_of(account)
        legs = list(self._legs(account, groups, model, sticky))
        for instead in self.fallbacks.get(model, ()):
            if account.may_use(model) and account.may_use(instead):
                legs += self._legs(account, groups, instead, sticky)
        if not legs or not account.may_use(model):
            raise self._refusal(account, model)
        return legs

    def group_of(self, account: Account, model: str) -> Group | None:
        """The group whose limits hold for a call: of the groups that a key may try, the first that
        serves the model. Raises PermissionDenied for one that is not its user's.
        """
        names = self.groups_of(account)
        if len(names) == 1:
            return self.groups.get(names[0])
        served = (name for name in names if self._serves_in(name, model))
        return self.groups.get(next(served, ""))

    def _serves_in(self, group: str, model: str) -> bool:
        return any(
            row.status == ENABLED and model in row.models and _serves_group(row, group)
            for row in self.channels
        )

    def groups_of(self, account: Account) -> list[str]:
        """The groups that a key's calls may count in, in the order in which they are tried."""
        if account.group == AUTO:
            rows = sorted(self.groups.values(), key=lambda group: group.auto_order)
            return [row.name for row in rows if row.auto_order and self._is_open(account, row.name)]
        if not self._is_open(account, account.group):
            raise PermissionDenied(
                f"this key may not use the group '{account.group}'", code="group_not_allowed"
            )
        return [account.group]

    def _is_open(self, account: Account, group: str) -> bool:
        return (self.groups.get(group) or Group(group)).is_open_to(account)

    def _legs(
        self, account: Account, groups: Sequence[str], model: str, sticky: str
    ) -> Iterator[Leg]:
        for group in groups:
            usable = [
                channel
                for channel in self.channels
                if channel.status == ENABLED
                and model in channel.models
                and _serves_group(channel, group)
            ]
            ratio = self._ratio(account, group)
            for channel in ordered(usable, sticky=sticky):
                yield Leg(channel, model, group, ratio)
            if usable and not account.cross_group_retry:
                return

    def _ratio(self, account: Account, group: str) -> Decimal:
        row = self.groups.get(group)
        return Decimal(1) if row is None else row.ratio_for(account.user_group)

    def _refusal(self, account: Account, model: str) -> Exception:
        if not any(model in channel.models for channel in self.channels):
            return self._unknown(account, model)
        if not account.may_use(model):
            return PermissionDenied(
                f"this key may not use the model '{model}'", code="model_not_allowed", param="model"
            )
        return ServiceUnavailable(f"no enabled channel serves the model '{model}' now")

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


def routes(
    channels: Iterable[Channel],
    groups: Mapping[str, Group] | None = None,
    fallbacks: Mapping[str, tuple[str, ...]] | None = None,
) -> Routes:
    """The stored channels and the built-in engines."""
    return Routes((*channels, BUILT_IN), groups or {}, fallbacks or {})


def ordered(
    channels: Sequence[Channel], dice: random.Random | None = None, *, sticky: str = ""
) -> list[Channel]:
    """Higher priority first; inside one priority a weighted draw without replacement, which for the
    same ``sticky`` text always comes out the same.
    """
    result: list[Channel] = []
    for priority in sorted({channel.priority for channel in channels}, reverse=True):
        level = [channel for channel in channels if channel.priority == priority]
        result += _by_hash(level, sticky) if sticky else _drawn(level, dice or _DICE)
    return result


def pinned_to(channel_id: int, legs: Sequence[Leg], model: str) -> list[Leg]:
    """The legs of the only channel that may answer. Raises ServiceUnavailable if there are none."""
    pinned = [leg for leg in legs if leg.channel.id == channel_id]
    if not pinned:
        raise ServiceUnavailable(
            f"the channel {channel_id}, which alone may answer this call, does not serve the model "
            f"'{model}' now"
        )
    return pinned


def upstream_model(channel: Channel, model: str) -> str:
    """What a channel calls a model: its mapping, followed to the end (contract 6.6).

    Raises Upstream for a mapping that goes round in a circle.
    """
    seen = {model}
    name = model
    while (following := channel.mapping.get(name, name)) != name:
        if following in seen:
            raise Upstream(
                f"the model mapping of channel '{channel.name}' goes round in a circle",
                code="model_mapping_contains_cycle",
            )
        seen.add(following)
        name = following
    return name


def _drawn(level: list[Channel], dice: random.Random) -> list[Channel]:
    result: list[Channel] = []
    while len(level) > 1:
        weights: Collection[int] = [channel.weight for channel in level]
        if not any(weights):
            weights = [1] * len(level)
        picked = dice.choices(level, list(weights))[0]
        result.append(picked)
        level = [channel for channel in level if channel is not picked]
    return result + level


def _by_hash(level: Sequence[Channel], sticky: str) -> list[Channel]:
    """Weighted rendezvous hashing: each channel draws by itself, so that one that comes or goes
    moves no other caller.
    """
    return sorted(level, key=lambda channel: _score(channel, sticky), reverse=True)


def _score(channel: Channel, sticky: str) -> float:
    digest = hashlib.blake2b(f"{channel.id}\0{sticky}".encode("utf-8", "replace"), digest_size=8)
    share = ((int.from_bytes(digest.digest()) >> 11) + 0.5) / 2**53  # between 0 and 1, never either
    return -max(channel.weight, 1e-9) / math.log(share)


def _serves_group(channel: Channel, group: str) -> bool:
    return "*" in channel.groups or group in channel.groups

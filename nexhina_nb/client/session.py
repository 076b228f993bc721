"""What one client keeps between its calls: where to, with which key, how patiently, and under which
tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlencode

from nexhina_nb import settings as settings_module
from nexhina_nb.client.target import Target, relocated, resolve
from nexhina_nb.errors import BadInput
from nexhina_nb.origin import current_origin
from nexhina_nb.retry import Policy
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.wire.extensions import LONGEST_TAGS


@dataclass(slots=True)
class Session:
    """The state of a client; passed to every flow. Two things in it change: the target, if the
    gateway moves, and how vectors are asked for, if the gateway refuses base64.
    """

    target: Target
    settings: Settings
    policy: Policy = field(default_factory=Policy)
    tags: Mapping[str, str] = field(default_factory=dict)
    relocate: Callable[[], Target | None] = lambda: None
    vectors_as: str = "base64"

    @property
    def is_trusted(self) -> bool:
        """Whether the gateway may learn which notebook and which cell is calling."""
        target = self.target
        return target.discovered or target.is_among(self.settings.trusted_gateways)

    def call_tags(self) -> Mapping[str, str]:
        """The tags of a call that is made now: those of this session, and if the gateway is trusted
        where the call comes from.
        """
        if not self.is_trusted:
            return self.tags
        tags = {**current_origin().tags(), **self.tags}
        # More than fits is no reason for a call to fail.
        return tags if _length(tags) <= LONGEST_TAGS else self.tags

    def move(self) -> bool:
        """Look where the gateway of this machine is now; whether that is somewhere else."""
        found = self.relocate() if self.target.discovered else None
        if found is None or found == self.target:
            return False
        self.target = found
        return True

    def tagged(self, tags: Mapping[str, str]) -> Session:
        """The same session with more tags on its calls."""
        return replace(self, tags=checked_tags({**self.tags, **tags}))

    def __repr__(self) -> str:
        return f"{self.target.base_url}, key {'set' if self.target.key else 'not set'}"


def open_session(
    base_url: str | None,
    api_key: Secret | str | None,
    settings: Settings | None,
    max_retries: int | None,
    tags: Mapping[str, str] | None,
) -> Session:
    """The session of a new client; see `target.resolve` for where it leads."""
    known = settings_module.load() if settings is None else settings
    given = api_key if isinstance(api_key, Secret) else Secret(api_key or "")
    retries = known.max_retries if max_retries is None else max_retries
    return Session(
        target=resolve(known, base_url, given),
        settings=known,
        policy=Policy(max_retries=retries),
        tags=checked_tags(tags or {}),
        relocate=partial(relocated, known, given),
    )


def checked_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """The tags, if they are texts that fit into a header; else BadInput."""
    if not all(isinstance(part, str) for pair in tags.items() for part in pair):
        raise BadInput("tags are names and values that are texts", hint='tags={"cell": "3"}')
    if _length(tags) > LONGEST_TAGS:
        raise BadInput(f"the tags take more than {LONGEST_TAGS:,} bytes", hint="use short ids")
    return dict(tags)


def _length(tags: Mapping[str, str]) -> int:
    return len(urlencode(tags))

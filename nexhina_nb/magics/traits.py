"""The settings of the client as traitlets: ``%config Nexhina.model = "gpt-4o"``.

Made from the declared settings, so that names and help exist once. A trait that nobody has set
shows what the environment and the files say, and leaves them the last word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field
from functools import partial
from typing import Any

from traitlets import Bool, Float, Int, Set, TraitType, Unicode, default, observe
from traitlets.config import Configurable

from nexhina_nb import settings
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

_KINDS: dict[type[Any], type[TraitType[Any, Any]]] = {
    str: Unicode,
    int: Int,
    float: Float,
    bool: Bool,
}


def rows() -> Iterator[Field[Any]]:
    """The settings of the client, but no key."""
    for row in settings.rows():
        if row.metadata["side"] == "client" and not isinstance(row.default, Secret):
            yield row


def _namespace() -> dict[str, Any]:
    names: dict[str, Any] = {"__module__": __name__}
    for row in rows():
        # None is "not set", so that setting a trait to the declared default counts as setting it.
        trait = _KINDS[type(row.default)](None, allow_none=True, help=row.metadata["help"])
        names[row.name] = trait.tag(config=True)
        names[f"_resolved_{row.name}"] = default(row.name)(partial(_resolved, row.name))
    return names


def _resolved(name: str, _traits: Any) -> Any:
    return getattr(settings.load(), name)


_Traits: Any = type("_Traits", (Configurable,), _namespace())


class Defaults(_Traits):
    """Base of the magics: holds the traits, and turns those that were set into settings."""

    chosen = Set(help="names of the traits that were set")

    @observe(*(row.name for row in rows()))
    def _choose(self, change: Any) -> None:
        self.chosen = self.chosen | {change.name}

    def settings(self) -> Settings:
        """Traits that were set, then environment, files and defaults. Raises ConfigError.

        An address that was set here is not among them: see `chosen_base_url`.
        """
        names = self.chosen - {"base_url"}
        return settings.load(**{name: getattr(self, name) for name in names})

    def chosen_base_url(self) -> str:
        """The address that was set as a trait: it must not get the key of the settings, which
        belongs to the address there.
        """
        return (self.base_url or "") if "base_url" in self.chosen else ""

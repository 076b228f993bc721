"""Where a batch is worked on: the client, the cache, and what the caller said about both."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexhina_nb import settings as settings_module
from nexhina_nb.batch.cache import FILE_NAME, Cache
from nexhina_nb.client.prices import prices_of
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import BadInput, GatewayNotRunning
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """``client`` is None where no gateway was found: what is on disk can be had all the same."""

    settings: Settings
    cache: Cache | None
    client: Shell | None
    missing: GatewayNotRunning | None = None

    @property
    def gateway(self) -> str:
        """How the gateway is called in the names of answers."""
        return "" if self.client is None or self.client.is_local else self.client.base_url

    def prices(self) -> Catalog:
        """What calls cost: as the gateway says, where there is one."""
        return prices_of(self.client)

    def connected(self) -> Shell:
        """The client; raises GatewayNotRunning if there is none."""
        if self.client is None:
            assert self.missing is not None
            raise self.missing
        return self.client


@contextmanager
def open_desk(client: Any, cache: bool | str | Path, tags: Mapping[str, str]) -> Iterator[Desk]:
    """The caller's client or one of its own, closed afterwards; the cache likewise.

    ``cache``: True for the file in the home folder, a path for another one, False for none.
    """
    with ExitStack() as stack:
        found, missing = client, None
        if client is None:
            found, missing = _own_client()
            if found is not None:
                stack.enter_context(found)
        elif not isinstance(client, Shell):
            raise BadInput(f"client is {kind_of(client)}", hint="pass a Client or an AsyncClient")
        known = settings_module.load() if found is None else found.settings
        kept = _open_cache(cache, known)
        if kept is not None:
            stack.enter_context(kept)
            stack.callback(_warn_of_fault, kept)
        yield Desk(known, kept, found.with_tags(**tags) if found and tags else found, missing)


def _warn_of_fault(cache: Cache) -> None:
    if cache.aside:
        what = (
            f"the answers in {cache.path} were damaged and are now {cache.aside}; "
            "`nexhina cache rescue` takes back what is sound"
        )
        warnings.warn(what, RuntimeWarning, stacklevel=2)
    if cache.fault:
        what = f"not all answers could be kept in {cache.path}: {cache.fault}"
        warnings.warn(what, RuntimeWarning, stacklevel=2)


def _own_client() -> tuple[Client | None, GatewayNotRunning | None]:
    try:
        return Client(), None
    except GatewayNotRunning as error:
        return None, error


def _open_cache(cache: bool | str | Path, settings: Settings) -> Cache | None:
    if cache is False or (cache is True and settings.cache_mb == 0):
        return None
    path = settings.home / "cache" / FILE_NAME if cache is True else Path(cache).expanduser()
    limit = (settings.cache_mb or settings_module.Settings().cache_mb) << 20
    return Cache(path / FILE_NAME if path.is_dir() else path, limit)

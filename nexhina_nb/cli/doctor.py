"""``nexhina doctor``: what works here, what is missing, how to get it."""

from __future__ import annotations

import importlib.util
import platform

import click

from nexhina_nb import discovery
from nexhina_nb.cli.front_end import MISSING, find_front_end
from nexhina_nb.errors import NexhinaError
from nexhina_nb.release import version
from nexhina_nb.settings import Settings, load

_OPTIONAL = (
    ("jupyterlab", "lab", "JupyterLab"),
    ("av", "local", "video, and sound of every format"),
    ("espeakng_loader", "local", "speech by local/speak"),
    ("pocketsphinx", "local", "speech recognition by local/transcribe"),
    ("splintr", "local", "faster token counts of whole columns"),
    ("psycopg", "postgres", "PostgreSQL as the store"),
    ("distributed", "dask", "Dask frames, also on a cluster"),
    ("keyring", "lab", "keys in the keyring of the system"),
)


@click.command()
def doctor() -> None:
    """Say what works here, what is missing, and how to get it."""
    settings = load()
    click.echo(f"nexhina_nb {version()}, Python {platform.python_version()}")
    click.echo(f"home        {settings.home}")
    running = discovery.find(settings.home)
    click.echo(f"gateway     {running.base_url if running else 'none runs'}")
    click.echo(f"store       {_store_state(settings)}")
    click.echo(f"front end   {find_front_end() or MISSING}")
    for module, extra, purpose in _OPTIONAL:
        found = importlib.util.find_spec(module) is not None
        state = "there" if found else f"not installed; pip install 'nexhina_nb[{extra}]'"
        if found and module == "keyring" and not _has_keyring():
            state = "installed, but this system has no keyring that it can use"
        click.echo(f"{module:<15} {state} ({purpose})")


def _has_keyring() -> bool:
    import keyring
    from keyring.backends import fail

    return not isinstance(keyring.get_keyring(), fail.Keyring)


def _store_state(settings: Settings) -> str:
    from nexhina_nb.cli.common import opened
    from nexhina_nb.store.db import default_url, is_missing
    from nexhina_nb.store.verify import verify

    url = settings.store or default_url(settings.home)
    if is_missing(url):
        return f"{url} is not there yet: the first gateway makes it"
    try:
        with opened(None) as store, store.reading() as connection:
            gaps = verify(connection)
    except NexhinaError as error:
        return str(error)
    where = f"{store.url} is whole"
    return f"{store.url}: {len(gaps)} balances differ from their entries" if gaps else where

"""``%nexhina login``: a key into the keyring of the system, never into the notebook."""

from __future__ import annotations

import getpass

from IPython.core.error import StdinNotImplementedError

from nexhina_nb.client.target import check_key, normalise
from nexhina_nb.errors import BadInput, ConfigError
from nexhina_nb.magics.commands import safe
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Login
from nexhina_nb.magics.state import Context
from nexhina_nb.secret import Secret
from nexhina_nb.settings import FILE_NAME


def login(context: Context, args: Login) -> None:
    """Ask, keep, and use from now on. Raises ConfigError if there is no keyring to keep it in."""
    given = normalise(args.base_url) if args.base_url else ""
    keyring = safe.open_keyring()
    url = given or normalise(_ask("Base URL of the gateway, ending in /v1: "))
    key = check_key(Secret(_ask(f"Key for {url}: ")))
    if not key:
        raise BadInput("no key was given", hint="nothing was changed")
    safe.save(keyring, url, key)
    safe.use(context, url, key)
    _report(context, url)


def _report(context: Context, url: str) -> None:
    file = context.settings.home / FILE_NAME
    context.screen.show(
        Note(
            f"The key is in the system's keyring; cells of this kernel talk to {url}.\n"
            f'For all kernels, write  base_url = "{url}"  into {file}.'
        )
    )


def _ask(question: str) -> str:
    try:
        return getpass.getpass(question).strip()
    except (StdinNotImplementedError, EOFError):
        raise ConfigError("nobody is here to be asked", hint=safe.INSTEAD) from None

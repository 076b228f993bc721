"""``%nexhina login``: a key into the keyring of the system, never into the notebook."""

from __future__ import annotations

import getpass

from IPython.core.error import StdinNotImplementedError

from nexhina_nb.client.target import KEYRING_SERVICE, check_key, normalise
from nexhina_nb.errors import BadInput, ConfigError
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Login
from nexhina_nb.magics.state import Context
from nexhina_nb.secret import Secret
from nexhina_nb.settings import FILE_NAME

INSTEAD = "set NEXHINA_BASE_URL and NEXHINA_API_KEY before Jupyter starts"


def login(context: Context, args: Login) -> None:
    """Ask, keep, and use from now on. Raises ConfigError if there is no keyring to keep it in."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to load: only to keep a key
        import keyring.backends.fail  # noqa: PLC0415 - as above
        import keyring.errors  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigError(
            "there is no safe place for a key: the package 'keyring' is not installed",
            hint=f"pip install keyring, or {INSTEAD}",
        ) from None
    given = normalise(args.base_url) if args.base_url else ""
    if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring):
        raise ConfigError("this system has no keyring that could keep a key", hint=INSTEAD)
    url = given or normalise(_ask("Base URL of the gateway, ending in /v1: "))
    key = check_key(Secret(_ask(f"Key for {url}: ")))
    if not key:
        raise BadInput("no key was given", hint="nothing was changed")
    try:
        keyring.set_password(KEYRING_SERVICE, url, key.reveal())
    except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"the keyring cannot be used: {type(error).__name__}", hint=INSTEAD
        ) from None
    context.state.keys[url] = key
    context.set_base_url(url)
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
        raise ConfigError("nobody is here to be asked", hint=INSTEAD) from None

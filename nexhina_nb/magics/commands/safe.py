"""Where keys are kept: the keyring of the system, and this kernel until it ends."""

from __future__ import annotations

from types import ModuleType

from nexhina_nb.client.target import KEYRING_SERVICE
from nexhina_nb.errors import ConfigError
from nexhina_nb.magics.state import Context
from nexhina_nb.secret import Secret

INSTEAD = "set NEXHINA_BASE_URL and NEXHINA_API_KEY before Jupyter starts"


def open_keyring() -> ModuleType:
    """The keyring. Raises ConfigError if there is none."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to load: only to keep a key
        import keyring.backends.fail  # noqa: PLC0415 - as above
        import keyring.errors  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigError(
            "there is no safe place for a key: the package 'keyring' is not installed",
            hint=f"pip install keyring, or {INSTEAD}",
        ) from None
    if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring):
        raise ConfigError("this system has no keyring that could keep a key", hint=INSTEAD)
    return keyring


def save(keyring: ModuleType, url: str, key: Secret) -> None:
    """Put the key of an address into the keyring. Raises ConfigError if that fails."""
    try:
        keyring.set_password(KEYRING_SERVICE, url, key.reveal())
    except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"the keyring cannot be used: {type(error).__name__}", hint=INSTEAD
        ) from None


def use(context: Context, url: str, key: Secret) -> None:
    """Let the next cells talk to an address, with this key."""
    context.state.keys[url] = key
    context.set_base_url(url)

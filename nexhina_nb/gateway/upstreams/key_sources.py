"""Where the keys of a channel come from: the environment, the system's keyring, a file.

The store holds only the place ("env:NAME", "keyring:NAME", "file:PATH"); the keys themselves are
read when a channel is connected.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nexhina_nb.errors import ServiceUnavailable
from nexhina_nb.secret import Secret

SERVICE = "nexhina-channels"
INVALID_KEY = "channel:invalid_key"


def resolve(source: str, home: Path) -> list[Secret]:
    """The keys that lie in one place, one per line; a relative file is below ``home``.

    Raises ServiceUnavailable, with what to do, when there is none or it must not be used; the
    message holds the place, never a key.
    """
    kind, _, name = source.partition(":")
    match kind:
        case "env":
            text = _from_environment(name)
        case "keyring":
            text = _from_keyring(name)
        case "file":
            text = _from_file(home / Path(name).expanduser())
        case _:
            # Not quoted: it may be a key that was put in the wrong place.
            raise _refusal("there is no such kind of place", "env:NAME, keyring:NAME or file:PATH")
    keys = [Secret(line) for line in map(str.strip, text.splitlines()) if line]
    if not keys:
        raise _refusal(f"{source} is empty", "write the key there, one key per line")
    return keys


def _from_environment(name: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise _refusal(f"{name} is not set", f"set {name} where the gateway runs")
    return text


def _from_keyring(name: str) -> str:
    # The keyring looks for its back ends when it is loaded, and few channels need it.
    try:
        import keyring  # noqa: PLC0415 - see above
        from keyring.errors import KeyringError  # noqa: PLC0415 - see above
    except ModuleNotFoundError:
        raise _refusal("keyring is not installed", "pip install keyring") from None
    try:
        text = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        raise _refusal(
            f"the system's keyring cannot be read ({type(error).__name__})",
            "keep the key in the environment (env:NAME) or in a file (file:PATH)",
        ) from None
    if text is None:
        raise _refusal(
            f"the keyring has no '{name}'", f"python -m keyring set {SERVICE} {name} stores it"
        )
    return text


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            # Of the open file, so that it is the one that is read.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _refusal(f"others can read {path}", f"chmod 600 {path}")
            return file.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refusal(f"{path} cannot be read: {reason}", "check the path") from None
    except UnicodeDecodeError:
        raise _refusal(f"{path} is not a text", "one key per line, in UTF-8") from None


_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def _refusal(reason: str, hint: str) -> ServiceUnavailable:
    return ServiceUnavailable(reason, code=INVALID_KEY, hint=hint)

"""The options that describe a channel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from nexhina_nb.cli.common import NAMES, Reader
from nexhina_nb.errors import BadInput, ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def _mapping(text: str) -> dict[str, str]:
    value = _object("--mapping", text)
    if not all(isinstance(name, str) for name in value.values()):
        raise BadInput("--mapping takes a JSON object of names", hint='{"gpt-4o": "my-model"}')
    return value


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadInput(f"{option} takes a JSON object", hint='for example {"temperature": 0}')
    return value


def _override(option: str) -> Reader:
    return Reader("JSON", lambda text: text and json.dumps(_object(option, text)))


_SECONDS = click.FloatRange(0, 86_400)
_OPTIONS = (
    click.option("--base-url", type=Reader("URL", str.strip), help="Its address, ending in /v1."),
    click.option("--key-env", multiple=True, help="Environment variable of the gateway with keys."),
    click.option("--key-file", multiple=True, help="File with keys that only its owner can read."),
    click.option("--key-keyring", multiple=True, help="Name of a key in the system's keyring."),
    click.option("--key-prompt", is_flag=True, help="Ask for the key; keep it in the keyring."),
    click.option("--multi-key-mode", type=click.Choice(["random", "polling"]), help="Of its keys."),
    click.option("--models", type=NAMES, help="Models it serves, separated by commas."),
    click.option("--mapping", type=Reader("JSON", _mapping), help='{"asked": "upstream\'s name"}.'),
    click.option("--priority", type=int, help="Higher is asked first; 0 unless set."),
    click.option("--weight", type=int, help="Share among equal priorities; 1 unless set."),
    click.option("--group", "groups", type=NAMES, help="Groups that may use it; default."),
    click.option("--param-override", type=_override("--param-override"), help="Sets parameters."),
    click.option("--header-override", type=_override("--header-override"), help="Sets headers."),
    click.option("--first-token-timeout", type=_SECONDS, help="Seconds; 0: that of the settings."),
    click.option("--idle-timeout", type=_SECONDS, help="Seconds; 0: that of the settings."),
)


def channel_options(command: F) -> F:
    """Give a command these options; `fields` reads what came of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def fields(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Fields of `Channel` that were named. Asks for a key where ``--key-prompt`` says so."""
    sources = {kind: given.pop(f"key_{kind}") for kind in ("env", "file", "keyring")}
    keys = [f"{kind}:{place}" for kind, places in sources.items() for place in places]
    if given.pop("key_prompt"):
        keys.append(f"keyring:{_ask(name)}")
    found = {option: value for option, value in given.items() if value is not None}
    return found | ({"keys": tuple(keys)} if keys else {})


def _ask(name: str) -> str:
    """Put a key into the keyring; the name that it has there."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError("keyring is not installed", hint="pip install keyring") from None
    from nexhina_nb.gateway.upstreams.key_sources import SERVICE

    text = click.prompt(f"Key of {name}", hide_input=True, err=True)
    try:
        keyring.set_password(SERVICE, name, text.strip())
    except (KeyringError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"the keyring cannot be used: {type(error).__name__}",
            hint="use --key-env VAR or --key-file PATH",
        ) from None
    return name

"""Every setting once: its name, default, kind and help.

Order of precedence: arguments > environment (``NEXHINA_<NAME>``) > ``nexhina.toml`` of the working
folder > ``nexhina.toml`` of the home folder > default. A row marked ``private`` is not read from
the working folder: opening somebody else's notebook must not be able to send a key to somebody
else's server.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs

from nexhina_nb.errors import ConfigError
from nexhina_nb.secret import Secret

FILE_NAME = "nexhina.toml"


def _setting(
    default: Any,
    help: str,
    *,
    private: bool = False,
    side: str = "gateway",
    least: float | None = None,
    most: float | None = None,
) -> Any:
    row = {"help": help, "private": private, "side": side, "least": least, "most": most}
    return field(default=default, metadata=row)


_client = partial(_setting, side="client")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one program, resolved. All times are seconds."""

    # the client
    base_url: str = _client(
        "",
        "gateway to talk to, ending in /v1; empty: the one that runs on this machine",
        private=True,
    )
    api_key: Secret = _client(Secret(""), "key for that gateway", private=True)
    model: str = _client("local/chat", "model of chat when none is named")
    embed_model: str = _client("local/embed", "model of embed when none is named")
    rerank_model: str = _client("local/rerank", "model of rerank when none is named")
    image_model: str = _client("local/image", "model of image when none is named")
    moderate_model: str = _client("local/moderate", "model of moderate when none is named")
    speak_model: str = _client("local/speak", "model of speak when none is named")
    transcribe_model: str = _client(
        "local/transcribe", "model of transcribe and translate when none is named"
    )
    video_model: str = _client("local/video", "model of video when none is named")
    lang: str = _client("", "language to ask answers in, for example zh or French")
    timeout: float = _client(
        600.0, "longest wait for the next bytes of an answer", least=0.001, most=_DAY
    )
    connect_timeout: float = _client(10.0, "longest wait for a connection", least=0.001, most=_DAY)
    max_retries: int = _client(
        2, "how often a failed call is tried again before it is an error", least=0, most=100
    )
    stream: bool = _client(True, "show answers in a cell as they come")
    max_concurrency: int = _client(
        32, "most calls that a batch has under way at once", least=1, most=1024
    )
    cache_mb: int = _client(
        4096, "disk space for the answers that batches keep, in MiB; 0: none", least=0, most=1 << 20
    )
    trusted_gateways: str = _client(
        "",
        "gateways elsewhere, hosts or base URLs separated by commas, that are told which notebook "
        "and cell a call comes from",
        private=True,
    )
    # the gateway
    host: str = _setting("127.0.0.1", "address the gateway listens on", private=True)
    port: int = _setting(
        8787, "port the gateway listens on; 0 lets the system choose", least=0, most=65_535
    )
    store: str = _setting(
        "",
        "SQLAlchemy URL of the gateway's database; empty: nexhina.db in the home folder",
        private=True,
    )
    admin_key: Secret = _setting(
        Secret(""),
        "administrator's key of a new store; empty: one is made and shown once",
        private=True,
    )
    max_body_mb: int = _setting(
        128, "largest request body the gateway accepts, in MiB", least=1, most=16_384
    )
    upstream_timeout: float = _setting(
        300.0, "longest silence of an upstream before the call fails", least=0.001, most=_DAY
    )
    drain_timeout: float = _setting(
        30.0, "how long running calls may go on after SIGTERM", least=0, most=_DAY
    )
    pace: float = _setting(
        0.012, "pause between the pieces that local/chat streams; 0: none", least=0, most=60
    )
    keep_days: float = _setting(
        30.0, "days that stored responses and finished videos are kept", least=0, most=36_500
    )
    log_days: float = _setting(
        365.0, "days that rows of the usage log are kept; 0: for ever", least=0, most=36_500
    )
    capture_days: float = _setting(
        7.0, "days that captured prompts and answers are kept", least=0, most=36_500
    )
    first_token_timeout: float = _setting(
        0.0,
        "longest wait for the first bytes of an answer; 0: upstream_timeout",
        least=0,
        most=_DAY,
    )
    queue_length: int = _setting(
        100, "most requests that wait for their turn under one limit", least=0, most=100_000
    )
    allow_private_urls: bool = _setting(
        False,
        "fetch pictures that a prompt links to, and reach channels made through the admin API, in "
        "private networks and on this machine too",
        private=True,
    )
    allowed_hosts: str = _setting(
        "", "names, separated by commas, by which this gateway may be called", private=True
    )
    cors_origins: str = _setting(
        "", "origins, separated by commas, whose pages may call this gateway", private=True
    )
    max_header_kb: int = _setting(64, "largest head of a request, in KiB", least=1, most=16_384)
    max_connections: int = _setting(
        2000, "most connections at a time; further ones are refused", least=1, most=1_000_000
    )
    client_timeout: float = _setting(
        30.0,
        "longest that a client may take to send, or to read, its next bytes",
        least=0.001,
        most=_DAY,
    )
    store_patience: float = _setting(
        15.0, "how long a bill waits for a database that is away", least=0, most=_DAY
    )
    autostart: bool = _setting(False, "start the gateway together with the Jupyter server")
    # both
    home: Path = _setting(
        Path(), "folder of the store, the settings and the discovery file", private=True
    )


def rows() -> tuple[Field[Any], ...]:
    """The declared settings, in order; ``metadata`` holds ``help``, ``private``, ``side`` and, for
    numbers, the bounds ``least`` and ``most``.
    """
    return fields(Settings)


def env_name(name: str) -> str:
    """``base_url`` → ``NEXHINA_BASE_URL``."""
    return f"NEXHINA_{name.upper()}"


def default_home() -> Path:
    """The platform's user data folder for this program."""
    return Path(platformdirs.user_data_dir("nexhina", appauthor=False))


def load(
    environ: Mapping[str, str] | None = None, cwd: Path | None = None, **arguments: Any
) -> Settings:
    """Resolve the settings; an argument that is None counts as not given.

    Raises ConfigError for an unknown name, a value of the wrong kind or out of bounds, or a file
    that cannot be read.
    """
    environ = os.environ if environ is None else environ
    given = {k: v for k, v in arguments.items() if v is not None}
    known = {row.name: row for row in rows()}
    if unknown := sorted(given.keys() - known.keys()):
        raise ConfigError(f"there is no setting {unknown[0]!r}", hint=f"known: {', '.join(known)}")
    home = Path(given.get("home") or environ.get(env_name("home")) or default_home())
    layers = (
        _from_file(home / FILE_NAME, trusted=True),
        _from_file((cwd or Path.cwd()) / FILE_NAME, trusted=False),
        {name: environ[env_name(name)] for name in known if environ.get(env_name(name))},
        given,
    )
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= layer
    merged["home"] = home
    return replace(Settings(), **{k: _convert(known[k], v) for k, v in merged.items()})


def _from_file(path: Path, *, trusted: bool) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", hint="mend or remove the file"
        ) from None
    known = {row.name: row for row in rows()}
    for name in values:
        if name not in known:
            raise ConfigError(
                f"{path}: there is no setting {name!r}", hint=f"known: {', '.join(known)}"
            )
        if not trusted and known[name].metadata["private"]:
            raise ConfigError(
                f"{path}: {name!r} is not read from a working folder, for safety",
                hint=f"set {env_name(name)}, or write it to nexhina.toml in the home folder",
            )
    return values


_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def _convert(row: Field[Any], value: Any) -> Any:
    kind: type[Any] = type(row.default)
    try:
        if kind in (int, float):
            return _to_number(row, value)
        if isinstance(value, kind):
            return value
        if kind is bool:
            return _to_bool(str(value))
        if kind in (str, Secret) and not isinstance(value, str):
            raise ValueError("not a text")
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            f"setting {row.name!r} needs {_need(row, kind)}", hint=row.metadata["help"]
        ) from None


def _need(row: Field[Any], kind: type[Any]) -> str:
    least, most = row.metadata["least"], row.metadata["most"]
    return _KINDS[kind] if least is None else f"{_KINDS[kind]} from {least} to {most}"


_KINDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text",
    Path: "a path", Secret: "a text",
}  # fmt: skip


def _to_bool(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _to_number(row: Field[Any], value: Any) -> int | float:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    kind: type[Any] = type(row.default)
    number: int | float = kind(value)
    if isinstance(value, float) and number != value:
        raise ValueError("not whole")
    # What is not a number (nan) is between no bounds.
    if not row.metadata["least"] <= number <= row.metadata["most"]:
        raise ValueError("out of bounds")
    return number

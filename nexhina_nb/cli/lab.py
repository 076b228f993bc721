"""``nexhina lab``: JupyterLab with the tour open and the gateway running."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import click

from nexhina_nb.cli.front_end import MISSING, find_front_end
from nexhina_nb.client.target import normalise
from nexhina_nb.errors import BadInput, ConfigError, MissingDependency
from nexhina_nb.settings import Settings, env_name, load

TOUR_FOLDER = "nexhina-tour"
FIRST = "01_quickstart.ipynb"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port of JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.argument("arguments", nargs=-1, metavar="[PATH] [-- JUPYTER ARGUMENTS]")
def lab(port: int | None, no_browser: bool, arguments: tuple[str, ...]) -> None:
    """Open JupyterLab with the gateway running: on PATH, or on the tour.

    The tour is copied into the folder nexhina-tour, where it is yours to change: what is there
    already is left alone.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependency("jupyterlab", "lab")
    settings = load()
    path, rest = split_arguments(arguments)
    shown = copy_tour(Path.cwd()) if path is None else path
    for line in announcement(shown, settings, find_front_end()):
        click.echo(line)
    options = ["--no-browser"] if no_browser else []
    options += [] if port is None else [f"--ServerApp.port={port}"]
    _become(command(shown, [*options, *rest]), environment(settings))


def split_arguments(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """What to open, if the first argument says so, and the arguments for Jupyter.

    Raises BadInput if there is no such file or folder.
    """
    if not arguments or arguments[0].startswith("-"):
        return None, list(arguments)
    path = Path(arguments[0])
    if not path.exists():
        raise BadInput(f"there is no {path}", hint="name a notebook or a folder, or nothing")
    return path, list(arguments[1:])


def copy_tour(folder: Path) -> Path:
    """Copy the notebooks of the tour that are not there yet; the first of them.

    Raises ConfigError if the folder cannot be written to.
    """
    tour = folder / TOUR_FOLDER
    try:
        tour.mkdir(exist_ok=True)
        for notebook in sorted(_notebooks().glob("*.ipynb")):
            if not (tour / notebook.name).exists():
                shutil.copyfile(notebook, tour / notebook.name)
    except OSError as error:
        raise ConfigError(
            f"the tour cannot be copied to {tour}: {error.strerror or error}",
            hint="run this in a folder of your own, or name a notebook or folder to open",
        ) from None
    return tour / FIRST


def announcement(shown: Path, settings: Settings, front_end: Path | None) -> list[str]:
    """What is said before JupyterLab takes over the terminal."""
    if settings.base_url:
        gateway = f"Cells talk to {normalise(settings.base_url)}: a base URL is set."
    else:
        gateway = "The gateway starts with it, and ends with it."
    lines = [f"JupyterLab opens {shown}. {gateway}"]
    if front_end is None:
        lines.append(f"The browser part of nexhina_nb is {MISSING}. Everything else works.")
    return lines


def command(shown: Path, more: Sequence[str]) -> list[str]:
    """How to start JupyterLab on a notebook or a folder, with more arguments for it.

    Its files are those of the working folder, or of the notebook's own where that lies elsewhere.
    """
    here, place = Path.cwd(), Path(os.path.abspath(shown))
    url = "/lab"
    if place.is_dir():
        root = place
    else:
        root = here if place.is_relative_to(here) else place.parent
        # Not as an argument: then only the browser that Jupyter opens itself would get there.
        url += "/tree/" + quote(place.relative_to(root).as_posix())
    return [
        sys.executable,
        "-P",  # a file of the working folder must not pass for a module of Jupyter's
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url={url}",
        # Said here as well, in case Jupyter does not find the configuration of this installation.
        "--ServerApp.jpserver_extensions=nexhina_nb=True",
        # The tour works offline, and asks nobody outside.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *more,
    ]


def environment(settings: Settings) -> dict[str, str]:
    """What Jupyter and its kernels are told: one home, wherever a notebook lies, and to start the
    gateway.
    """
    home = os.path.abspath(settings.home)
    return os.environ | {env_name("home"): home, env_name("autostart"): "1"}


def _notebooks() -> Path:
    package = Path(__file__).parents[1]
    # In an installed package, and in a checkout.
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise ConfigError(
        "the tour is not part of this installation", hint="name a notebook or folder to open"
    )


def _become(words: list[str], environ: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    if os.name == "posix":
        # Signals and the exit code are JupyterLab's own then.
        os.execve(words[0], words, environ)
    sys.exit(subprocess.run(words, env=environ, check=False).returncode)

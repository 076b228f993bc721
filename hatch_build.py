"""Builds the JupyterLab front end into the wheel and the sdist, where Node.js is at hand, and adds
the notebooks of the tour to the wheel.

Without Node.js the package installs all the same, and says that it has no front end. An sdist
carries the built front end, so that installing one needs no Node.js. A build that begins must
succeed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "NEXHINA_SKIP_FRONT_END"
NODE_NEEDED = "20.19, or 22.12 and later"
SOURCES = ("src", "style", "schema", "package.json", "package-lock.json", "tsconfig.json")


class FrontEndHook(BuildHookInterface[Any]):
    """Hatchling calls it before it packs a wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing or out of date; add it, and the tour, to the wheel."""
        source = Path(self.root, "labextension")
        built = Path(self.root, "nexhina_nb", "labextension")
        # The times of files in an unpacked sdist mean nothing; what it carries belongs together.
        from_sdist = Path(self.root, "PKG-INFO").is_file()
        if not is_built(built) or (not from_sdist and is_stale(built, source)):
            reason = obstacle()
            if reason is None:
                build(source)
            else:
                what = "an older front end" if is_built(built) else "no JupyterLab front end"
                self.app.display_warning(f"nexhina_nb is packed with {what}: {reason}.")
        if self.target_name == "wheel" and version == "standard":
            # The tour that `nexhina lab` opens; an editable install has it beside the package.
            notebooks = Path(self.root, "notebooks")
            build_data["force_include"][str(notebooks)] = "nexhina_nb/notebooks"
        if self.target_name == "wheel" and is_built(built):
            name = "share/jupyter/labextensions/@nexhina/nb"
            build_data["shared_data"] |= {
                str(built): name,
                str(source / "install.json"): f"{name}/install.json",
            }


def is_built(built: Path) -> bool:
    """Whether there is a front end. The builder writes its ``package.json`` last."""
    return (built / "package.json").is_file() and (built / "static" / "style.js").is_file()


def is_stale(built: Path, source: Path) -> bool:
    """Whether a source has changed since the front end was built."""
    done = (built / "package.json").stat().st_mtime
    return any(path.stat().st_mtime > done for path in _files(source))


def _files(source: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = source / name
        yield from path.rglob("*") if path.is_dir() else [path]


def obstacle() -> str | None:
    """Why the front end cannot be built here, None if it can."""
    if os.environ.get(SKIP, "0") not in ("", "0"):
        return f"{SKIP} is set"
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return f"building it needs Node.js ({NODE_NEEDED}) and npm on the PATH"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if not suffices(said):
        return f"Node.js {said.strip().lstrip('v') or 'here'} is too old, it takes {NODE_NEEDED}"
    return None


def suffices(node_version: str) -> bool:
    """Whether the front end can be built by this Node.js, named as ``v20.19.5``."""
    match = re.match(r"v(\d+)\.(\d+)", node_version)
    if match is None:
        return False
    version = int(match[1]), int(match[2])
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def build(source: Path) -> None:
    """Install what the lock file names, then compile. Ends the build if one of them fails."""
    installed = source / "node_modules" / ".package-lock.json"
    lock = source / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        # Compilers are development dependencies; NODE_ENV=production would leave them out.
        _run(source, "ci", "--include=dev")
    _run(source, "run", "build:prod")


def _run(source: Path, *words: str) -> None:
    npm = shutil.which("npm") or "npm"
    # What the front end of the build (pip, build) reads is on standard output.
    done = subprocess.run([npm, *words], cwd=source, stdout=sys.stderr, check=False)
    if done.returncode:
        raise SystemExit(
            f"`npm {' '.join(words)}` failed in {source} (exit code {done.returncode}). "
            f"Set {SKIP}=1 to install nexhina_nb without its JupyterLab front end."
        )

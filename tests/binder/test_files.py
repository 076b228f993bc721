"""The files that Binder reads, as far as they can be judged without Docker; `emulation.py` runs
them all.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

BINDER = Path(__file__).parents[2] / "binder"


def test_the_package_is_installed_from_the_checkout_on_a_python_that_it_supports() -> None:
    assert (BINDER / "requirements.txt").read_text().split() == [".[local]"]
    assert (BINDER / "apt.txt").read_text().split() == ["flite"]
    assert (BINDER / "runtime.txt").read_text().strip() == "python-3.11"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_run(name: str) -> None:
    assert os.access(BINDER / name, os.X_OK)
    subprocess.run(["bash", "-n", BINDER / name], check=True)


def test_the_start_script_has_the_server_start_the_gateway() -> None:
    done = subprocess.run(
        [BINDER / "start", "env"], capture_output=True, text=True, check=True, env={"PATH": "/bin"}
    )
    assert "NEXHINA_AUTOSTART=1" in done.stdout.splitlines()


def test_the_start_script_passes_arguments_and_the_exit_code() -> None:
    done = subprocess.run(
        [BINDER / "start", "sh", "-c", 'test "$1" = "a b" && exit 7', "sh", "a b"], check=False
    )
    assert done.returncode == 7


def test_the_first_page_is_the_tour() -> None:
    named = re.findall(r"notebooks/\S+\.ipynb", (BINDER / "postBuild").read_text())
    assert named
    assert all((BINDER.parent / page).is_file() for page in named)

"""The documents are true: a fresh reference, the two commands of CI, links that lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nexhina_nb import settings
from nexhina_nb.magics import verbs

ROOT = Path(__file__).parents[1]


def test_the_reference_is_fresh_and_names_everything() -> None:
    command = [sys.executable, "scripts/make_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert all(settings.env_name(row.name) in page for row in settings.rows())
    assert all(f"### `{verb.magic} {verb.name}`" in page for verb in verbs.VERBS)
    assert "`/v1/chat/completions`" in page


def test_the_readme_has_two_commands_and_ci_runs_them() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m venv .*$", readme, re.M)
    assert len(commands) == 2
    assert commands[0].endswith("nexhina demo")
    assert commands[1].endswith("-m pytest")
    assert "^python3 -m venv " in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_relative_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

"""Lint, types, layers and house rules: the same commands that CONTRIBUTING.md names."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
CHECKS = {
    "ruff": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "layers": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "codespell": ["-m", "codespell_lib", "nexhina_nb", "docs", *PAGES],
}
MODULES = {"format": "ruff", "layers": "importlinter", "codespell": "codespell_lib"}


@pytest.mark.parametrize("name", CHECKS)
def test_check(name: str) -> None:
    module = MODULES.get(name, name)
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: install the extra 'test'")
    done = subprocess.run(
        [sys.executable, *CHECKS[name]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def _sources() -> list[Path]:
    return sorted((ROOT / "nexhina_nb").rglob("*.py"))


def test_no_module_is_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in _sources()}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_no_function_is_long() -> None:
    long = {}
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 50:
                    long[f"{path.name}:{node.name}"] = lines
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    silent = [str(p) for p in _sources() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


def test_nothing_from_one_machine_or_registry_is_in_the_tree() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org"]
    found = []
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".npz", ".xz", ".png"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [(name, host) for host in hosts if host in text]
    assert found == []

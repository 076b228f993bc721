"""The view of the chat: it is a module that parses, asks nobody else, and its plain parts work."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb import widgets

FOLDER = Path(widgets.__file__).parent
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    copied = tmp_path / "chat.mjs"
    copied.write_text((FOLDER / "chat.js").read_text(encoding="utf-8"), encoding="utf-8")
    return copied


def evaluate(module: Path, expression: str) -> Any:
    program = (
        f"import * as chat from {json.dumps(module.as_uri())};"
        f"console.log(JSON.stringify({expression}))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@needs_node
def test_it_parses(module: Path) -> None:
    assert subprocess.run(["node", "--check", str(module)], check=False).returncode == 0


@needs_node
def test_its_plain_parts(module: Path) -> None:
    merged = evaluate(
        module,
        """[
          chat.merged([], [{number: 4, html: ""}]),
          chat.merged([{number: 4, question: "q", html: ""}], [{number: 4, html: "a"}]),
          chat.merged([{number: 4}], [{number: 5}]),
          chat.merged([{number: 4}], [], true),
        ]""",
    )
    assert merged == [
        [{"number": 4, "html": ""}],
        [{"number": 4, "question": "q", "html": "a"}],
        [{"number": 4}, {"number": 5}],
        [],
    ]
    assert evaluate(module, '[chat.choices(["a"], "a"), chat.choices(["a"], "b")]') == [
        ["a"],
        ["b", "a"],
    ]
    enter = '{key: "Enter"}, {key: "Enter", shiftKey: true}, {key: "Enter", isComposing: true}'
    keys = f'[{enter}, {{key: "a"}}]'
    assert evaluate(module, f"{keys}.map(chat.sends)") == [True, False, False, False]


@pytest.mark.parametrize("name", ["chat.js", "chat.css"])
def test_nothing_comes_from_elsewhere(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "import " not in text


@needs_node
def test_a_wish_that_no_kernel_hears_is_said(module: Path) -> None:
    dead = '{send() { throw new Error("Cannot send"); }, set(name, text) { this[name] = text; }}'
    heard, said = evaluate(module, f"((m) => [chat.wish(m, {{}}), m._notice])({dead})")
    assert heard is False
    assert "run its cell again" in said
    assert evaluate(module, "chat.wish({send() {}}, {})") is True

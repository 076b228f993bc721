"""The official SDK for Node.js drives every family of endpoints."""

from __future__ import annotations

import json
import math
import shutil
import struct
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import RunningGateway

NODE = Path(__file__).parents[1] / "node"
EXPECTED = {
    "chat": "42",
    "chatStream": "42",
    "tools": "Oslo",
    "completions": "42",
    "responses": ["42", True],
    "responsesStream": "42",
    "embeddings": [256, 256],
    "images": "PNG",
    "imageEdits": "PNG",
    "speech": "RIFF",
    "transcriptions": "string",
    "translations": "string",
    "moderations": [True, 13],
    "videos": ["completed", "ftyp"],
    "models": [True, "local/chat"],
    "errors": ["NotFoundError", 404, "model_not_found"],
    "notOffered": [501, "api_not_implemented"],
}


@pytest.fixture(scope="module")
def found(
    shared_gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What each family gave, from one run of the script."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", ".npmrc", "families.mjs"):
        shutil.copy(NODE / name, folder)
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, capture_output=True)
    picture, sound = folder / "a.png", folder / "a.wav"
    Image.new("RGB", (96, 64), "orange").save(picture)
    _beep(sound)
    command = ["node", "families.mjs", shared_gateway.base_url, shared_gateway.key]
    done = subprocess.run(
        [*command, str(picture), str(sound)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("family", EXPECTED)
def test_node(found: dict[str, Any], family: str) -> None:
    assert found[family] == EXPECTED[family]


def _beep(path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        tone = (int(9_000 * math.sin(n / 6)) for n in range(8_000))
        out.writeframes(b"".join(struct.pack("<h", value) for value in tone))

"""The front end's files agree with each other and with the package; its own tests and lint pass.

What it does in a browser is tested in ``tests/browser``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb.magics import verbs

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "labextension"


def _json(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def package() -> Any:
    return _json("labextension/package.json")


@pytest.fixture(scope="module")
def lock() -> Any:
    return _json("labextension/package-lock.json")


def test_the_lock_belongs_to_the_package(package: Any, lock: Any) -> None:
    root = lock["packages"][""]
    assert (lock["name"], lock["version"]) == (package["name"], package["version"])
    for key in ("name", "version", "dependencies", "devDependencies", "engines"):
        assert root[key] == package[key], key


def test_the_lock_names_no_registry(lock: Any) -> None:
    assert [name for name, row in lock["packages"].items() if "resolved" in row] == []
    # What else is an address there asks for donations.
    text = json.dumps(
        [{**row, "funding": None, "deprecated": None} for row in lock["packages"].values()]
    )
    assert re.findall(r"https?://[^\"\s]+", text) == []


def test_the_lock_holds_one_version_of_what_jupyterlab_shares(lock: Any) -> None:
    shared = re.compile(r"node_modules/((?:@jupyterlab|@lumino|@codemirror)/[^/]+|react)$")
    found: dict[str, set[str]] = {}
    for path, row in lock["packages"].items():
        if match := shared.search(path):
            found.setdefault(match[1], set()).add(row["version"])
    assert "@jupyterlab/notebook" in found
    assert {name: seen for name, seen in found.items() if len(seen) > 1} == {}


def test_the_oldest_jupyterlab_supported_is_promised(package: Any) -> None:
    """JupyterLab compares these ranges with its own versions when it loads the extension."""
    oldest = {"@jupyterlab/apputils": "^4.5.0", "@jupyterlab/coreutils": "^6.4.0"}
    oldest["@jupyterlab/services"] = "^7.4.0"
    promised = {n: r for n, r in package["dependencies"].items() if n.startswith("@jupyterlab/")}
    assert promised == {name: oldest.get(name, "^4.4.0") for name in promised}


def test_install_json_and_the_server_config_name_the_package() -> None:
    assert _json("labextension/install.json")["packageName"] == "nexhina_nb"
    config = _json("jupyter-config/nexhina_nb.json")
    assert config == {"ServerApp": {"jpserver_extensions": {"nexhina_nb": True}}}


def test_the_settings_schema_is_valid_and_says_what_each_setting_does() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = _json("labextension/schema/plugin.json")
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    defaults = {}
    for name, row in schema["properties"].items():
        assert {"type", "title", "description", "default"} <= set(row), name
        defaults[name] = row["default"]
    jsonschema.validate(defaults, schema)


def test_the_settings_have_the_same_defaults_in_the_code() -> None:
    schema = _json("labextension/schema/plugin.json")
    code = (SOURCE / "src" / "preferences.ts").read_text(encoding="utf-8")
    literal = re.search(r"DEFAULTS: Readonly<IPreferences> = (\{.*?\});", code, re.DOTALL)
    assert literal is not None
    defaults = json.loads(re.sub(r"(\w+):", r'"\1":', literal[1]))
    assert defaults == {name: row["default"] for name, row in schema["properties"].items()}


def test_the_cells_that_insert_writes_use_verbs_and_options_of_the_magic() -> None:
    code = (SOURCE / "src" / "insertion.ts").read_text(encoding="utf-8")
    line = re.search(r"export type Verb =(.*?);", code, re.DOTALL)
    assert line is not None
    needed = {"rerank": {"-m", "-q"}}
    for name in re.findall(r"'(\w+)'", line[1]):
        verb = verbs.find(name)
        assert verb is not None, name
        assert verb.is_cell is (name != "transcribe"), name  # whose line names a file
        flags = {flag for _, option in verbs.options(verb) for flag in option.flags}
        assert needed.get(name, {"-m"}) <= flags


@pytest.mark.parametrize("script", ["lint", "test"])
def test_npm_run(script: str) -> None:
    npm = shutil.which("npm")
    if npm is None or not (SOURCE / "node_modules" / ".package-lock.json").is_file():
        pytest.skip("the front end's tools are not installed: npm ci in labextension/")
    done = subprocess.run(
        [npm, "run", script], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v18.20.1", False),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0\n", True),
        ("v24.0.1", True),
        ("", False),
    ],
)
def test_the_build_asks_for_the_node_that_it_needs(said: str, enough: bool) -> None:
    pytest.importorskip("hatchling")
    import hatch_build

    assert hatch_build.suffices(said) is enough


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with the front end's sources, on a machine without Node.js."""
    for name in ("src", "style", "schema"):
        shutil.copytree(SOURCE / name, tmp_path / "labextension" / name)
    for path in SOURCE.glob("*.json"):
        shutil.copy(path, tmp_path / "labextension")
    return tmp_path


def _pack(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    pytest.importorskip("hatchling")
    from hatchling.bridge.app import Application

    from hatch_build import FrontEndHook

    monkeypatch.setenv("PATH", str(root))
    data: dict[str, Any] = {"shared_data": {}, "force_include": {}}
    none: Any = None
    hook = FrontEndHook(str(root), {}, none, none, str(root), "wheel", Application())
    hook.initialize("standard", data)
    # The tour is packed with or without front end.
    assert data["force_include"] == {str(root / "notebooks"): "nexhina_nb/notebooks"}
    return dict(data["shared_data"])


def _build(root: Path) -> Path:
    built = root / "nexhina_nb" / "labextension"
    (built / "static").mkdir(parents=True)
    for name in ("static/style.js", "package.json"):
        (built / name).write_text("")
    return built


def test_a_checkout_without_node_is_packed_without_front_end(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _pack(checkout, monkeypatch) == {}
    said = "".join(capfd.readouterr())
    assert said.count("nexhina_nb is packed with no JupyterLab front end: building it needs") == 1


def test_what_is_built_already_is_packed_in_silence(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    built = _build(checkout)
    data = _pack(checkout, monkeypatch)
    assert data[str(built)] == "share/jupyter/labextensions/@nexhina/nb"
    assert len(data) == 2  # and install.json
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(("from_sdist", "told"), [(False, 1), (True, 0)])
def test_a_front_end_older_than_its_sources_is_told_except_in_an_sdist(
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    from_sdist: bool,
    told: int,
) -> None:
    built = _build(checkout)
    os.utime(built / "package.json", (0, 0))
    if from_sdist:
        (checkout / "PKG-INFO").write_text("")
    assert str(built) in _pack(checkout, monkeypatch)
    assert "".join(capfd.readouterr()).count("an older front end") == told

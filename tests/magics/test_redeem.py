"""``%nexhina redeem`` with a real gateway: a code becomes a key that the notebook never shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nexhina_nb.client import Client
from nexhina_nb.store import accounts, codes
from tests.client.mock_server import MockServer
from tests.conftest import RunningGateway
from tests.magics.conftest import Notebook
from tests.magics.kernels import start_kernel
from tests.magics.test_login import KEYRING

keyring = pytest.importorskip("keyring")
pytest.importorskip("keyring.backends.fail")


def new_code(gateway: RunningGateway, *, holder: str = "") -> str:
    with gateway.store.writing() as connection:
        root = accounts.root_user(connection)
        assert root is not None
        (made,) = codes.create_codes(connection, root, "spring", 250_000, holders=[holder])
    return made.code.reveal()


@pytest.fixture
def student(
    notebook: Notebook, gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    """A notebook that knows a gateway and has no key for it, on a system without a keyring."""
    monkeypatch.setenv("NEXHINA_BASE_URL", gateway.base_url)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield notebook
    keyring.set_keyring(before)
    notebook.magics.state.close()


def test_a_code_becomes_a_key_for_the_next_cells(
    student: Notebook, gateway: RunningGateway
) -> None:
    assert student.run("%nexhina usage").line.startswith("Authentication: ")
    student.magics.state.close()
    code = new_code(gateway)
    redeemed = student.run(f"%nexhina redeem {code} --name ada -o key")
    assert redeemed.error is None, redeemed.error
    text = redeemed.data["text/plain"]
    assert text == (
        "The key holds $0.50. It is kept for this session only: this system has no keyring that "
        "could keep a key. Cells of this kernel use it."
    )
    key = student.names["key"]
    assert key.reveal() not in str(redeemed.outputs)
    assert repr(key) == "<set>"
    assert student.run("%nexhina usage").value.name == "ada"

    line = student.run(f"%nexhina redeem {code}").line
    assert "the code is not valid" in line
    assert student.run("%nexhina usage").value.name == "ada"


def test_the_key_goes_to_the_keyring(gateway: RunningGateway, tmp_path: Path) -> None:
    with start_kernel(tmp_path / "home", NEXHINA_BASE_URL=gateway.base_url) as kernel:
        assert kernel.run(KEYRING).status == "ok"
        ran = kernel.run(f"%nexhina redeem {new_code(gateway, holder='ada')}")
        assert ran.status == "ok", ran.error
        assert "It is in the system's keyring." in ran.text
        kept = kernel.run("print(*InMemory.kept.values())").text.strip()
        assert kept.startswith("sk-")
        assert kept not in ran.text
        assert kernel.run("list(InMemory.kept)").text == f"[('nexhina', '{gateway.base_url}')]"
    with Client(gateway.base_url, kept) as client:
        assert client.usage().name == "ada"


def test_nothing_is_asked_without_a_code(online: Notebook, server: MockServer) -> None:
    assert online.run("%nexhina redeem").line.startswith("BadInput: redeem needs")
    assert online.run('%nexhina redeem " "').line.startswith("BadInput: there is no code")
    assert server.seen == []

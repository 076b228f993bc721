"""Every way in which a channel fails: with another one beside it nobody notices; alone it is one
clear error that costs nothing beyond what came; and it is asked again by itself.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.tables import logs
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.sick_scenes import close, hold
from tests.gateway.sick_server import CERTIFICATE, Peer, Received, Scene, SickServer
from tests.gateway.test_money import fixed_price

PRICE = 5_000
JSON, SSE = "Content-Type: application/json", "Content-Type: text/event-stream"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
ERROR = json.dumps({"error": {"message": "their words", "type": "x", "code": "y"}}).encode()


def chunk(text: str, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return f"data: {json.dumps({'id': 'c', 'choices': [choice]})}\n\n".encode()


def is_stream(request: Received) -> bool:
    return bool(json.loads(request.body).get("stream"))


def well(peer: Peer, request: Received) -> None:
    """What a healthy server answers."""
    if is_stream(request):
        peer.begin(SSE)
        for frame in (chunk("well"), chunk("", "stop"), b"data: [DONE]\n\n", b""):
            peer.chunk(frame)
        return
    message = {"role": "assistant", "content": "well"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    peer.answer(json.dumps({"id": "c", "choices": [choice], "usage": USAGE}).encode(), JSON)


def says(body: bytes, *headers: str, status: str = "200 OK") -> Scene:
    return lambda peer, _: peer.answer(body, *(headers or (JSON,)), status=status)


def empty(peer: Peer, request: Received) -> None:
    peer.answer(b"", SSE if is_stream(request) else JSON)


def junk(peer: Peer, request: Received) -> None:
    peer.answer(b'{"choices": [', JSON)


def begins(peer: Peer, request: Received) -> None:
    """The first words of an answer, as the caller sees them or does not."""
    peer.begin(SSE if is_stream(request) else JSON)
    peer.chunk(chunk("half") if is_stream(request) else b'{"choices": [')


def stalls(peer: Peer, request: Received) -> None:
    hold(peer)


def stalls_later(peer: Peer, request: Received) -> None:
    begins(peer, request)
    hold(peer)


def is_cut(peer: Peer, request: Received) -> None:
    begins(peer, request)
    peer.send(b"ff\r\ndata: {")
    close(peer)


def closes(peer: Peer, request: Received) -> None:
    close(peer)


def knows_one_key(peer: Peer, request: Received) -> None:
    if request.headers["authorization"] == "Bearer good":
        well(peer, request)
    else:
        peer.answer(ERROR, JSON, status="401 Unauthorized")


@dataclass(frozen=True)
class Failure:
    """How a channel fails; status and code of the error when it is alone."""

    status: int
    code: str
    scene: Scene = well
    channel: dict[str, Any] = field(default_factory=dict)
    moves_on: bool = True
    is_late: bool = False  # a stream has begun by then


BAD = '{"operations": [{"mode": "no such mode", "path": "a"}]}'
SOON = {"first_token_timeout": 0.3, "idle_timeout": 0.3}
FAILURES = {
    "refused": Failure(502, "do_request_failed", channel={"base_url": "http://127.0.0.1:{dead}/v1"}),
    "tls": Failure(502, "do_request_failed", channel={"base_url": "https://127.0.0.1:{tls}/v1"}),
    "429": Failure(429, "y", says(ERROR, status="429 Too Many Requests")),
    "429-later": Failure(429, "y", says(ERROR, JSON, "Retry-After: 7", status="429 Slow")),
    "500": Failure(500, "y", says(ERROR, status="500 Sorry")),
    "error-200": Failure(502, "y", says(ERROR)),
    "empty": Failure(502, "empty_response", empty),
    "junk": Failure(502, "bad_response_body", junk, moves_on=False),
    "stall": Failure(504, "upstream_timeout", stalls, SOON),
    "stall-later": Failure(504, "upstream_timeout", stalls_later, SOON, is_late=True),
    "cut": Failure(502, "stream_broken", is_cut, is_late=True),
    "closed": Failure(502, "do_request_failed", closes),
    "redirect": Failure(
        502, "bad_response_status_code", says(b"", "Location: /v1", status="302 Found")
    ),
    "override": Failure(503, "channel:param_override_invalid", channel={"param_override": BAD}),
    "dead-key": Failure(401, "y", says(ERROR, status="401 Unauthorized")),
    "no-key": Failure(503, "channel:invalid_key", channel={"keys": ("env:NO_SUCH_KEY",)}),
}  # fmt: skip
HOW = {"plain": {}, "stream": {"stream": True}}


# What is known to be no answer when the caller has been promised one.
LATE = {"talks-junk": junk, "breaks-off": is_cut}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Ward:
    """A gateway whose channels are ill. The last part of a base URL names what happens there."""

    def __init__(self, gateway: RunningGateway, clock: Clock) -> None:
        self.gateway = gateway
        self.clock = clock
        self.scenes: dict[str, Scene] = {"well": well}
        self.server = SickServer({"completions": self._play})

    def _play(self, peer: Peer, request: Received) -> None:
        self.scenes[request.target.split("/")[2]](peer, request)

    def url(self, scene: str) -> str:
        return f"{self.server.url}/{scene}"

    def add(self, model: str, name: str, **fields: Any) -> int:
        fields = {"base_url": self.url(name), **fields}
        row = Channel(f"{model} {name}", "openai", models=(model,), **fields)
        with self.gateway.store.writing() as connection:
            return add_channel(connection, row)

    def ask(self, model: str, **more: Any) -> httpx2.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}
        headers = {"authorization": f"Bearer {self.gateway.key}"}
        url = f"{self.gateway.base_url}/chat/completions"
        return httpx2.post(url, headers=headers, json=body, timeout=20)

    def rows(self, model: str) -> list[Any]:
        """The log rows of the calls of a model, newest first."""
        query = select(logs).where(logs.c.model_name == model).order_by(logs.c.id.desc())
        with self.gateway.store.reading() as connection:
            return list(connection.execute(query))

    def tried(self, model: str) -> list[str]:
        """The channels that the last call was asked of."""
        told = json.loads(self.rows(model)[0].other)["admin_info"]
        return [self.names[number] for number in told["use_channel"]]

    names: dict[int, str]


def fill(ward: Ward, ports: dict[str, int]) -> None:
    """Every failure has a model that only its channel serves, and one that another serves too."""
    for name, failure in FAILURES.items():
        ward.scenes[name] = failure.scene
        for how in HOW:
            for company in ("alone", "beside"):
                model = f"{name}-{how}-{company}"
                fields = dict(failure.channel)
                if "base_url" in fields:
                    fields["base_url"] = fields["base_url"].format(**ports)
                ward.add(model, name, priority=5, **fields)
                if company == "beside":
                    ward.add(model, "well")
                fixed_price(ward.gateway, model, "0.01")
    ward.scenes |= {"two-keys": knows_one_key}
    for mode in ("polling", "random"):
        ward.add(f"keys-{mode}", "two-keys", keys=("env:TWO_KEYS",), multi_key_mode=mode)
        fixed_price(ward.gateway, f"keys-{mode}", "0.01")
    ward.names = {}
    for model in ("opens", "told-when", "only", *LATE):
        ward.names[ward.add(model, model, priority=5)] = "sick"
        if model != "only":
            ward.names[ward.add(model, "well")] = "well"
        fixed_price(ward.gateway, model, "0.01")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    clock = Clock()
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("TWO_KEYS", "dead\ngood\n")
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))  # and never listens
        gateway = stack.enter_context(run_gateway(tmp_path_factory.mktemp("ward"), clock))
        made = Ward(gateway, clock)
        stack.enter_context(made.server)
        tls = stack.enter_context(SickServer({"completions": well}, tls=context))
        fill(made, {"dead": closed.getsockname()[1], "tls": tls.port})
        yield made
        with gateway.store.reading() as connection:
            assert verify(connection) == []


def error_of(reply: httpx2.Response) -> dict[str, Any]:
    """The one error of an answer, in its body or at the end of its stream."""
    if reply.status_code != 200:
        return dict(reply.json()["error"])
    assert reply.text.count('"error"') == 1
    assert "[DONE]" not in reply.text
    last = reply.text.strip().split("\n\n")[-1]
    told = json.loads(last.removeprefix("data: "))["error"]
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", FAILURES)
def test_with_another_channel_nobody_notices(ward: Ward, name: str, how: str) -> None:
    failure, model = FAILURES[name], f"{name}-{how}-beside"
    reply = ward.ask(model, **HOW[how])
    is_late = failure.is_late and how == "stream"
    (row,) = ward.rows(model)
    if is_late or not failure.moves_on:
        assert reply.status_code == (200 if is_late else failure.status)
        assert error_of(reply)["code"] == failure.code
        assert (row.type, row.quota) == ((2, PRICE) if is_late else (5, 0))
        return
    assert reply.status_code == 200, reply.text
    assert "well" in reply.text
    assert '"error"' not in reply.text
    assert (row.type, row.quota) == (2, PRICE)
    attempts = json.loads(row.other)["admin_info"]["attempts"]
    assert len(attempts) == 2
    assert attempts[-1]["status"] == 200


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", FAILURES)
def test_alone_it_is_one_clear_error(ward: Ward, name: str, how: str) -> None:
    failure, model = FAILURES[name], f"{name}-{how}-alone"
    reply = ward.ask(model, **HOW[how])
    is_late = failure.is_late and how == "stream"
    assert reply.status_code == (200 if is_late else failure.status), reply.text
    error = error_of(reply)
    assert error["code"] == failure.code
    assert error["message"]
    if name == "429-later":
        assert reply.headers["retry-after"] == "7"
    (row,) = ward.rows(model)
    assert (row.type, row.quota) == ((2, PRICE) if is_late else (5, 0))


@pytest.mark.parametrize("mode", ["polling", "random"])
@pytest.mark.parametrize("how", HOW)
def test_a_dead_key_beside_a_good_one_harms_no_call(ward: Ward, how: str, mode: str) -> None:
    for _ in range(6):
        reply = ward.ask(f"keys-{mode}", **HOW[how])
        assert reply.status_code == 200
        assert "well" in reply.text
    refused = 0
    for row in ward.rows(f"keys-{mode}"):
        assert (row.type, row.quota) == (2, PRICE)
        attempts = json.loads(row.other)["admin_info"]["attempts"]
        assert attempts[-1]["key_index"] == 1
        refused += len(attempts) - 1
    assert refused <= 1  # after that it cools down, and the clock stands still


def test_a_channel_that_keeps_failing_is_spared_and_comes_back(ward: Ward) -> None:
    ward.scenes["opens"] = says(ERROR, status="500 Sorry")
    for _ in range(3):
        assert ward.ask("opens").status_code == 200
        assert ward.tried("opens") == ["sick", "well"]
    ward.ask("opens")
    assert ward.tried("opens") == ["well"]
    ward.clock.now += 1.01
    ward.ask("opens")
    assert ward.tried("opens") == ["sick", "well"]
    ward.scenes["opens"] = well
    ward.clock.now += 1.01
    ward.ask("opens")
    assert ward.tried("opens") == ["well"]  # it cools down twice as long by now
    ward.clock.now += 1.01
    ward.ask("opens")
    assert ward.tried("opens") == ["sick"]


@pytest.mark.parametrize(
    ("name", "how"), [("talks-junk", "plain"), ("talks-junk", "stream"), ("breaks-off", "stream")]
)
def test_whose_answers_end_badly_is_spared_too(ward: Ward, name: str, how: str) -> None:
    ward.scenes[name] = LATE[name]
    for _ in range(3):
        ward.ask(name, **HOW[how])
        assert ward.tried(name) == ["sick"]
    reply = ward.ask(name, **HOW[how])
    assert (reply.status_code, ward.tried(name)) == (200, ["well"])
    ward.scenes[name] = well
    ward.clock.now += 61
    ward.ask(name)
    assert ward.tried(name) == ["sick"]


def test_a_channel_that_says_when_is_asked_then(ward: Ward) -> None:
    ward.scenes["told-when"] = FAILURES["429-later"].scene
    ward.ask("told-when")
    ward.scenes["told-when"] = well
    ward.clock.now += 6.9
    ward.ask("told-when")
    assert ward.tried("told-when") == ["well"]
    ward.clock.now += 0.2
    ward.ask("told-when")
    assert ward.tried("told-when") == ["sick"]


def test_the_only_channel_is_asked_although_it_failed(ward: Ward) -> None:
    ward.scenes["only"] = says(ERROR, status="500 Sorry")
    for _ in range(4):
        assert ward.ask("only").status_code == 500
    ward.scenes["only"] = well
    assert ward.ask("only").status_code == 200

"""A real HTTP server that answers what a test has written down: an upstream of a chosen kind."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.prices import set_price
from tests.conftest import RunningGateway


@dataclass
class Script:
    """What one path answers: an object, or the bytes of a stream."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: Any


class ScriptedServer:
    """Listens while it is entered. Paths that the script does not know are a 404, as at OpenAI; a
    path with several answers gives them one after the other.
    """

    def __init__(self, script: Mapping[str, Script | list[Script]]) -> None:
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append(Asked(self.path, headers, body))
                unknown = {"error": {"message": "Invalid URL", "type": "invalid_request_error"}}
                found = script.get(self.path, Script(unknown, 404))
                answer = found.pop(0) if isinstance(found, list) else found
                is_stream = isinstance(answer.body, bytes)
                content = answer.body if is_stream else json.dumps(answer.body).encode()
                kind = "text/event-stream" if is_stream else "application/json"
                self.send_response(answer.status)
                for name, value in {"content-type": kind, **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, gateway: RunningGateway, *models: str) -> None:
        """Become a channel of a gateway."""
        url = f"http://127.0.0.1:{self._server.server_port}/v1"
        row = Channel(name="scripted", type="openai", models=models, base_url=url)
        with gateway.store.writing() as connection:
            add_channel(connection, row)


def price(gateway: RunningGateway, model: str, usd: str = "0.001") -> None:
    """Set what a call costs, for a model that the table does not know."""
    row = to_pricing_row(model, Price.per_call_usd(usd))
    with gateway.store.writing() as connection:
        set_price(connection, model, json.dumps(row))


def frames(*payloads: Any, end: str = "data: [DONE]\n\n") -> bytes:
    """A chat's stream."""
    return ("".join(f"data: {json.dumps(row)}\n\n" for row in payloads) + end).encode()


def events(*payloads: dict[str, Any]) -> bytes:
    """A stream of typed events."""
    rows = (f"event: {row['type']}\ndata: {json.dumps(row)}\n\n" for row in payloads)
    return "".join(rows).encode()

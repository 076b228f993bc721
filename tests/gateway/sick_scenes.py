"""What `SickServer` can do, from healthy to broken: a function per scene, named as in the path."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time

from tests.gateway.sick_server import Peer, Received, Scene

PLAIN = json.dumps({"object": "chat.completion", "choices": []}).encode()
EVENTS = [
    *(f'data: {{"piece":{number}}}\n\n'.encode() for number in range(5)),
    b"data: [DONE]\n\n",
]
ERROR = json.dumps({"error": {"message": "slow down", "type": "x", "code": "y"}}).encode()
CLOSE = "Connection: close"
JSON = "Content-Type: application/json"

SCENES: dict[str, Scene] = {}


def scene(function: Scene) -> Scene:
    """Make a function a scene by its name."""
    SCENES[function.__name__] = function
    return function


def close(peer: Peer) -> None:
    with contextlib.suppress(OSError):
        peer.sock.shutdown(socket.SHUT_RDWR)
    peer.sock.close()


def hold(peer: Peer) -> None:
    """Say nothing until the other side leaves, and make that known."""
    peer.wait_until_left()
    raise ConnectionError("left")


# What a healthy server does.


@scene
def plain(peer: Peer, request: Received) -> None:
    hops = ("Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5")
    peer.answer(PLAIN, JSON, "X-Request-Id: up-1", "Set-Cookie: a=1", *hops)


@scene
def echo(peer: Peer, request: Received) -> None:
    peer.answer(request.body, JSON)


@scene
def chunked(peer: Peer, request: Received) -> None:
    peer.begin(JSON)
    for start in range(0, len(PLAIN), 7):
        peer.chunk(PLAIN[start : start + 7])
    peer.send(b"0\r\nX-Trailer: 1\r\n\r\n")


@scene
def until_close(peer: Peer, request: Received) -> None:
    peer.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n".encode() + PLAIN)
    close(peer)


@scene
def old(peer: Peer, request: Received) -> None:
    peer.send(f"HTTP/1.0 200 OK\r\n{JSON}\r\n\r\n".encode() + PLAIN)
    close(peer)


@scene
def sse(peer: Peer, request: Received) -> None:
    peer.begin("Content-Type: text/event-stream")
    for event in EVENTS:
        peer.chunk(event)
        time.sleep(0.01)
    peer.send(b"0\r\n\r\n")


@scene
def interim(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    time.sleep(0.01)
    peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    peer.answer(PLAIN, JSON)


@scene
def no_content(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@scene
def too_many(peer: Peer, request: Received) -> None:
    peer.answer(ERROR, JSON, "Retry-After: 7", status="429 Too Many Requests")


@scene
def moved(peer: Peer, request: Received) -> None:
    peer.answer(b"", "Location: http://127.0.0.1:1/", status="302 Found")


@scene
def trickle(peer: Peer, request: Received) -> None:
    whole = f"HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    whole += f"{len(PLAIN):x}\r\n".encode() + PLAIN + b"\r\n0\r\n\r\n"
    for byte in whole:
        peer.send(bytes([byte]))
        time.sleep(0.0005)


@scene
def says_close(peer: Peer, request: Received) -> None:
    peer.answer(PLAIN, JSON, CLOSE)
    close(peer)


# What does not come as it was asked for.


@scene
def gzipped(peer: Peer, request: Received) -> None:
    peer.answer(gzip.compress(PLAIN), JSON, "Content-Encoding: gzip")


@scene
def gzip_cut(peer: Peer, request: Received) -> None:
    peer.answer(gzip.compress(PLAIN)[:-9], JSON, "Content-Encoding: gzip")


@scene
def gzip_damaged(peer: Peer, request: Received) -> None:
    peer.answer(b"not gzip at all", JSON, "Content-Encoding: gzip")


@scene
def brotli(peer: Peer, request: Received) -> None:
    peer.answer(b"\x0b\x02\x80", JSON, "Content-Encoding: br")


@scene
def flood(peer: Peer, request: Received) -> None:
    peer.begin()
    while True:
        peer.chunk(bytes(65_536))


# What breaks.


@scene
def cut_length(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
    close(peer)


@scene
def cut_chunk(peer: Peer, request: Received) -> None:
    peer.begin()
    peer.chunk(b"0123")
    peer.send(b"ff\r\n456789")
    close(peer)


@scene
def cut_between(peer: Peer, request: Received) -> None:
    peer.begin("Content-Type: text/event-stream")
    peer.chunk(b"0123456789")
    close(peer)


@scene
def reset_in_body(peer: Peer, request: Received) -> None:
    peer.begin()
    peer.chunk(b"0123456789")
    time.sleep(0.05)
    peer.reset()


@scene
def bad_chunk(peer: Peer, request: Received) -> None:
    peer.begin()
    peer.chunk(b"0123456789")
    time.sleep(0.02)
    peer.send(b"this is no chunk\r\n")
    hold(peer)


@scene
def junk(peer: Peer, request: Received) -> None:
    peer.send(b"220 mail.example ESMTP ready\r\n\r\n")
    hold(peer)


@scene
def huge_headers(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        peer.send(f"X-{number}: {'x' * 10_000}\r\n".encode())
    hold(peer)


@scene
def switch(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
    hold(peer)


@scene
def vanish(peer: Peer, request: Received) -> None:
    close(peer)


@scene
def stall(peer: Peer, request: Received) -> None:
    hold(peer)


@scene
def stall_in_head(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX-A")
    hold(peer)


@scene
def stall_in_body(peer: Peer, request: Received) -> None:
    peer.begin("Content-Type: text/event-stream")
    peer.chunk(EVENTS[0])
    hold(peer)


# What makes a connection unfit for another request.


@scene
def extra(peer: Peer, request: Received) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PLAIN)}\r\n\r\n".encode()
    peer.send(head + PLAIN + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")


@scene
def both_lengths(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.send(b"4\r\nevil\r\n0\r\n\r\n")


@scene
def odd_coding(peer: Peer, request: Received) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")


@scene
def closes_after(peer: Peer, request: Received) -> None:
    peer.answer(PLAIN, JSON)
    close(peer)


@scene
def closes_on_reuse(peer: Peer, request: Received) -> None:
    if peer.served > 1:
        close(peer)
    else:
        peer.answer(PLAIN, JSON)


@scene
def refuse_early(peer: Peer, request: Received) -> None:
    peer.answer(ERROR, JSON, status="413 Content Too Large")
    time.sleep(0.1)  # the rest of the request is still on its way
    hold(peer)

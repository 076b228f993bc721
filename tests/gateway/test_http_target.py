"""Base URLs, and which way to them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import ConfigError
from nexhina_nb.gateway.upstreams.target import parse, places, proxy_for


@pytest.mark.parametrize(
    ("base_url", "host", "port", "authority", "url"),
    [
        ("https://api.openai.com/v1", "api.openai.com", 443, "api.openai.com",
         "https://api.openai.com/v1/chat"),
        ("http://localhost:11434/v1/", "localhost", 11434, "localhost:11434",
         "http://localhost:11434/v1/chat"),
        (" http://[::1]:8000 ", "::1", 8000, "[::1]:8000", "http://[::1]:8000/chat"),
        ("https://Bücher.example:443/a/b", "xn--bcher-kva.example", 443, "xn--bcher-kva.example",
         "https://xn--bcher-kva.example/a/b/chat"),
        ("HTTP://my_service/v1", "my_service", 80, "my_service", "http://my_service/v1/chat"),
    ],
)  # fmt: skip
def test_a_base_url_is_taken_apart(
    base_url: str, host: str, port: int, authority: str, url: str
) -> None:
    target = parse(base_url)

    assert (target.host, target.port, target.authority) == (host, port, authority)
    assert target.url("/chat") == url
    assert target.is_tls == (target.scheme == "https")


def test_all_that_names_a_place_is_known() -> None:
    assert places("http://Up.example:81/v1/") == (
        "http://Up.example:81/v1", "Up.example:81", "up.example",
    )  # fmt: skip
    assert places("http://localhost:11434/v1")[2] == ""
    assert places("http://[::1]:8000")[1:] == ("[::1]:8000", "::1")


@pytest.mark.parametrize(
    "base_url",
    ["", "api.openai.com/v1", "ftp://a/b", "http://", "http://a:b/v1", "http://a:99999/v1",
     "https://sk-secret@api.openai.com/v1", "https://u:sk-secret@a/v1", "https://a/v1?key=sk-secret",
     "https://a/v1#sk-secret", "http://a/v 1", "http://a/vé", "http://a..b/v1", "http://[::1/v1",
     f"http://{'a' * 64}.example/v1"],
)  # fmt: skip
def test_a_base_url_that_cannot_work_is_refused_without_repeating_it(base_url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(base_url)

    assert "sk-secret" not in str(caught.value)


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"http://{text}"))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        target = parse(text)
    except ConfigError:
        return
    assert target.host
    assert 0 < target.port < 65_536
    line = f"POST {target.prefix}/x HTTP/1.1 {target.authority}"
    assert line.isascii()
    assert line.isprintable()
    assert line.count(" ") == 3


PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.mark.parametrize(
    ("environment", "base_url", "proxy"),
    [
        ({}, "https://a.example/v1", None),
        ({"https_proxy": "http://p:3128"}, "https://a.example/v1", "http://p:3128"),
        ({"https_proxy": "http://p:3128"}, "http://a.example/v1", None),
        ({"all_proxy": "p:3128"}, "http://a.example/v1", "http://p:3128"),
        ({"https_proxy": "http://p", "no_proxy": "a.example"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p", "no_proxy": ".example"}, "https://a.example/v1", None),
        ({"https_proxy": "http://p", "no_proxy": "b.example"}, "https://a.example", "http://p"),
        ({"http_proxy": "http://p"}, "http://localhost:11434/v1", None),
        ({"http_proxy": "http://p"}, "http://127.0.0.1:9/v1", None),
        ({"http_proxy": "http://p"}, "http://[::1]:9/v1", None),
    ],
)
def test_the_environment_decides_about_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], base_url: str, proxy: str | None
) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(parse(base_url)) == proxy

"""The providers that speak OpenAI's protocol, by the numbers of the wire (contract 6.2)."""

from __future__ import annotations

from collections.abc import Mapping

from nexhina_nb.errors import BadInput

LOCAL = 100  # ours: the built-in engines
PROVIDERS: Mapping[int, str] = {
    1: "openai", 4: "ollama", 8: "custom", 20: "openrouter", 23: "tencent", 25: "moonshot",
    26: "zhipu-v4", 27: "perplexity", 31: "lingyiwanwu", 35: "minimax", 40: "siliconflow",
    42: "mistral", 43: "deepseek", 45: "volcengine", 48: "xai", LOCAL: "nexhina_nb",
}  # fmt: skip


def type_of(code: int) -> str:
    """How a provider is spoken to: "openai" or "local". Raises BadInput for another protocol."""
    if code not in PROVIDERS:
        raise BadInput(
            f"channels of type {code} do not speak OpenAI's protocol, or are not known",
            hint="type 1 or 8 with the base URL of an endpoint that is compatible with OpenAI's",
        )
    return "local" if code == LOCAL else "openai"


def provider_name(code: int) -> str:
    """The name that goes with a number; "custom" for one that is not known."""
    return PROVIDERS.get(code, "custom")

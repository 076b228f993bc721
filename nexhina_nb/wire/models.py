"""The list of models (contract 2.3)."""

from __future__ import annotations

from typing import Literal

from nexhina_nb.wire.base import JSONObject, Reply


class Model(Reply):
    """One model. ``description``, ``context_length``, ``dimensions`` and ``pricing`` are our
    additions: ratios under the names of contract 8.3, and the ``unit`` that a token, or a call,
    stands for.
    """

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    supported_endpoint_types: list[str] | None = None
    description: str | None = None
    context_length: int | None = None
    dimensions: int | None = None
    pricing: JSONObject | None = None


class ModelList(Reply):
    """GET /v1/models; ``success`` is New API's addition."""

    object: Literal["list"] = "list"
    data: list[Model]
    success: bool | None = None

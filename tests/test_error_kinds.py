from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from nexhina_nb.errors.kinds import kind_of


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "an int"), ("", "a str"), (Decimal(1), "a Decimal"), (UUID(int=0), "a UUID"),
     (Exception(), "an Exception"), (None, "a NoneType")],
)  # fmt: skip
def test_a_kind_has_its_article(value: Any, said: str) -> None:
    assert kind_of(value) == said

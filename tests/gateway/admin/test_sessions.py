"""Sessions end in time, and addresses that ask too often are told when to come back."""

from __future__ import annotations

import pytest

from nexhina_nb.errors import RateLimited
from nexhina_nb.gateway.admin.sessions import LASTS_SECONDS, Sessions
from nexhina_nb.gateway.admin.windows import Window


def test_a_session_ends_after_its_time_or_with_its_user() -> None:
    now = 0.0
    sessions = Sessions(lambda: now)
    text = sessions.begin(7, "seal")
    assert sessions.user_of(text) == (7, "seal")
    assert sessions.user_of(text + "x") is None
    now = LASTS_SECONDS
    assert sessions.user_of(text) is None
    other = sessions.begin(7, "seal")
    sessions.end_all(7)
    assert sessions.user_of(other) is None


def test_one_too_many_waits_for_the_next_window() -> None:
    now = 0.0
    window = Window(2, 60, lambda: now)
    window.enter("a")
    window.enter("a")
    with pytest.raises(RateLimited) as refused:
        window.enter("a")
    assert refused.value.retry_after == 60
    window.enter("b")
    now = 60.0
    window.enter("a")

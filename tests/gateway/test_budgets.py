"""Budgets: a second cap, which begins anew with every period, and never earlier."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import openai
import pytest

from nexhina_nb.errors import QuotaExceeded
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.balances import Balance, Budget
from nexhina_nb.gateway.billing import hold, release
from nexhina_nb.store.accounts import Account
from tests.conftest import RunningGateway

ACCOUNT = Account(1, "n", 1, -1, 0, 0, True, None, 1, "ada", 1, 1, "default", 0)  # fmt: skip
DAY = 86_400


def caller(used: int, since: int) -> Caller:
    account = replace(ACCOUNT, budget=100, budget_period="daily")
    return Caller("", account, Balance(1000), Balance(0), Budget(used, since), 0.0, 0.0)


def test_what_is_held_counts_against_the_budget_until_it_is_released() -> None:
    ada = caller(used=40, since=DAY)
    held = hold(ada, 50, DAY + 1)
    with pytest.raises(QuotaExceeded) as caught:
        hold(ada, 20, DAY + 1)
    assert caught.value.code == "budget_exhausted"
    assert caught.value.hint == "it begins anew at 1970-01-03 00:00 UTC"
    release(held)
    release(hold(ada, 60, DAY + 1))
    assert ada.budget.held == 0


def test_a_budget_begins_anew_with_its_period_and_not_when_the_clock_goes_back() -> None:
    ada = caller(used=100, since=2 * DAY)
    for now in (2 * DAY + 5, DAY, 0):
        with pytest.raises(QuotaExceeded):
            hold(ada, 0, now)
    hold(ada, 100, 3 * DAY)


def test_a_spent_budget_is_refused_and_the_key_can_see_it(
    shared_gateway: RunningGateway,
) -> None:
    key = shared_gateway.new_key(budget=1, budget_period="daily")
    client = openai.OpenAI(base_url=shared_gateway.base_url, api_key=key, max_retries=0)
    with pytest.raises(openai.PermissionDeniedError, match="begins anew at") as caught:
        client.chat.completions.create(
            model="local/chat", messages=[{"role": "user", "content": "hello " * 4000}]
        )
    assert caught.value.code == "budget_exhausted"
    assert caught.value.type == "insufficient_quota"
    url = shared_gateway.base_url.removesuffix("/v1") + "/api/usage/token"
    told = httpx2.get(url, headers={"authorization": f"Bearer {key}"}).json()["data"]
    assert (told["budget"], told["budget_period"], told["budget_used"]) == (1, "daily", 0)

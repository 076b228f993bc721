"""What anybody may read of a gateway, and the models by type of channel."""

from __future__ import annotations

import pytest

from nexhina_nb.release import version
from nexhina_nb.store.channels import Channel, add_channel
from tests.conftest import RunningGateway
from tests.gateway.admin.asking import ask, told, until


def test_the_status_needs_no_key(shared_gateway: RunningGateway) -> None:
    found = ask(shared_gateway, "GET", "/api/status", key="").json()["data"]
    assert (found["version"], found["quota_per_unit"]) == (version(), 500_000)
    assert found["system_name"] == "nexhina_nb"
    assert not found["register_enabled"]


@pytest.mark.parametrize(
    ("path", "option"),
    [("notice", "Notice"), ("about", "About"), ("home_page_content", "HomePageContent")],
)
def test_texts_are_as_they_were_set(gateway: RunningGateway, path: str, option: str) -> None:
    def text() -> str:
        found: str = ask(gateway, "GET", f"/api/{path}/", key="").json()["data"]
        return found

    assert text() == ""
    told(gateway, "PUT", "/api/option/", {"key": option, "value": "Closed on **Monday**."})
    until(lambda: text() == "Closed on **Monday**.")


def test_looking_is_not_counted_as_logging_in(gateway: RunningGateway) -> None:
    replies = [ask(gateway, "GET", "/api/status", key="").status_code for _ in range(30)]
    assert set(replies) == {200}


def test_models_stand_by_the_type_of_their_channel(gateway: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        for name, status in (("on", 1), ("off", 2)):
            channel = Channel(
                name=name,
                type="openai",
                models=(f"m-{name}",),
                base_url="http://far",
                status=status,
            )
            add_channel(connection, channel)
    until(lambda: "1" in told(gateway, "GET", "/api/models"))
    found = told(gateway, "GET", "/api/models")
    assert found["1"] == ["m-on"]
    assert "local/embed" in found["100"]

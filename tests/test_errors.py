"""The error tree: drawn in the docstring as it is, one line in a notebook, everything on demand."""

from __future__ import annotations

import pickle
import re

import pytest

from nexhina_nb import errors
from nexhina_nb.errors import APIError, BadInput, MissingDependency, NexhinaError, Stopped


def _tree(kind: type[NexhinaError]) -> list[str]:
    return [kind.__name__, *(name for child in kind.__subclasses__() for name in _tree(child))]


def test_the_docstring_draws_the_tree() -> None:
    drawn = re.findall(r"^ *[*x+-] (\w+)", errors.__doc__ or "", re.M)
    here = [name for name in _tree(NexhinaError) if hasattr(errors, name)]
    assert sorted(drawn) == sorted(here)


def test_one_line_in_a_notebook_and_everything_on_demand() -> None:
    with pytest.raises(BadInput) as caught:
        raise BadInput("the text\nhas two lines", hint="write one")
    assert caught.value._render_traceback_() == ["BadInput: the text has two lines → write one"]
    caught.value.show_traceback = True
    assert len(caught.value._render_traceback_()) > 3


def test_an_api_error_knows_its_place() -> None:
    error = APIError("no", status=418, code="teapot")
    assert (error.status_code, error.type, error.code, error.param) == (
        418, "server_error", "teapot", None
    )  # fmt: skip
    assert errors.QuotaExceeded("no").code == "insufficient_user_quota"


def test_stopped_is_an_interrupt_too() -> None:
    assert isinstance(Stopped(partial="half"), KeyboardInterrupt)
    assert Stopped(partial="half").partial == "half"


@pytest.mark.parametrize(
    "error",
    [
        errors.BatchFailed("some", partial=[1], failed=1, total=2, hint="look"),
        errors.MissingDependency("polars", "lab"),
        errors.RateLimited("slowly", hint="wait", retry_after=3.0),
        errors.Stopped(partial="a"),
    ],
)
def test_errors_pass_between_processes(error: errors.NexhinaError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.args, vars(copy)) == (str(error), error.args, vars(error))


def test_a_missing_package_names_its_extra() -> None:
    assert "nexhina_nb[lab]" in str(MissingDependency("jupyterlab", "lab"))

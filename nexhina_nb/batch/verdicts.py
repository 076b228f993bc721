"""What an error means for a batch: try again, find the row that is to blame, or stop. Pure."""

from __future__ import annotations

import re
from enum import Enum, auto

from nexhina_nb import errors
from nexhina_nb.client.exchange import passes
from nexhina_nb.errors import BadInput, NexhinaError


class Changed(BadInput):
    """One of the inputs is no longer what it was when the batch began."""


class Verdict(Enum):
    """What to do with the part of a batch that met an error."""

    AGAIN = auto()  # it may pass
    SPLIT = auto()  # one input may be to blame for all that travelled with it
    STOP = auto()  # no part will fare better


# Of these fields there is one for all inputs.
_COMMON = {"model", "dimensions", "encoding_format", "top_n", "user"}
# Of these a row is refused for what it says (contract 3.2 and 3.3).
_OF_CONTENT = {
    "content_filter",
    "content_policy_violation",
    "prompt_blocked",
    "sensitive_words_detected",
    "violation_fee.grok.csam",
}
_OF_INPUTS = (errors.BadRequest, errors.TooLarge, errors.UnsupportedMedia, errors.Unprocessable)


def judge(error: NexhinaError) -> Verdict:
    """The verdict on an error of one call."""
    if isinstance(error, errors.ConnectionFailed):
        return Verdict.AGAIN
    if isinstance(error, Changed):
        return Verdict.SPLIT
    if not isinstance(error, errors.APIError):
        return Verdict.STOP
    if passes(error):
        return Verdict.AGAIN
    is_of_inputs = isinstance(error, _OF_INPUTS) and error.param not in _COMMON
    return Verdict.SPLIT if is_of_inputs else Verdict.STOP


def is_refusal(error: NexhinaError) -> bool:
    """Whether the other side says that it is asked too much, which slower sending helps."""
    return isinstance(error, (errors.RateLimited, errors.ServiceUnavailable))


def common_words(error: NexhinaError) -> str | None:
    """What a refusal says that may be said of every row: all but the figures. None if it is about
    the content of one.
    """
    if not isinstance(error, errors.APIError) or error.code in _OF_CONTENT:
        return None
    return f"{error.code} {re.sub('[0-9]+', '', error.message)}"


def in_words(error: NexhinaError) -> str:
    """Code and words, for the error column."""
    code = error.code if isinstance(error, errors.APIError) else None
    return f"{code or type(error).__name__}: {error.message}"

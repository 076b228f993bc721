"""Token counts as replies carry them (contract 1.13); `pricing` turns them into money."""

from __future__ import annotations

from nexhina_nb.wire.base import Reply


class PromptTokensDetails(Reply):
    """What kinds of tokens the prompt was made of; cached ones are counted in the prompt too."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_creation_tokens: int | None = None
    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class CompletionTokensDetails(Reply):
    """What the completion was made of; reasoning tokens are counted in the completion too."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(Reply):
    """Tokens of one call; total = prompt + completion. Embeddings and rerank have no completion."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: PromptTokensDetails | None = None


class ResponseUsage(Reply):
    """Tokens of one Responses call (contract 1.19): input and output, not prompt and completion."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: PromptTokensDetails | None = None
    output_tokens_details: CompletionTokensDetails | None = None

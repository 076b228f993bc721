"""What travels: the forms of requests, replies and errors, as pydantic models; no input or output.

General layout: a module per endpoint, with the names of the contract. A module is loaded when one
of its names is first asked for: a gateway that answers chats does not wait for the forms of videos.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # isort: off
    # fmt: off
    from nexhina_nb.wire.accumulate import ChatAccumulator
    from nexhina_nb.wire.admin import (
        ApiResponse, Channel, Log, PageInfo, Redemption, Token, TokenUsage, User,
    )
    from nexhina_nb.wire.audio import (
        Form, Segment, SoundFile, SpeechRequest, TranscriptionRequest, TranscriptionResponse,
        TranscriptionUsage, TranslationRequest, TranslationResponse, Word,
    )
    from nexhina_nb.wire.chat import (
        ChatCompletionChoice, ChatCompletionChunk, ChatCompletionRequest, ChatCompletionResponse,
        ChatRequest, ChoiceLogprobs, ChunkChoice, ChunkDelta, FunctionDelta, TokenLogprob,
        ToolCallDelta, TopLogprob,
    )
    from nexhina_nb.wire.chat_options import (
        AudioOptions, JSONSchemaFormat, Prediction, ResponseFormat, StreamOptions, WebSearchOptions,
    )
    from nexhina_nb.wire.codes import ChannelStatus, LogType, TokenStatus, UserRole
    from nexhina_nb.wire.completions import CompletionChoice, CompletionRequest, CompletionResponse
    from nexhina_nb.wire.embeddings import EmbeddingData, EmbeddingRequest, EmbeddingResponse
    from nexhina_nb.wire.error_body import ErrorBody, ErrorDetail
    from nexhina_nb.wire.images import (
        ImageData, ImageEditRequest, ImageGenerationRequest, ImageGenerationResponse, ImageOptions,
        ImageSource, ImageUsage, ImageUsageInputTokensDetails, ImageUsageOutputTokensDetails,
    )
    from nexhina_nb.wire.messages import (
        AssistantMessage, AudioPart, ChatMessage, FilePart, FileSource, ImagePart, ImageURL,
        InputAudio, MessageAudio, OtherPart, RefusalPart, TextPart, VideoPart, VideoURL,
    )
    from nexhina_nb.wire.messages_api import (
        MessagesError, MessagesErrorDetail, MessagesFormat, MessagesModel, MessagesModelList,
        MessagesReply, MessagesRequest, MessagesTool, MessagesToolChoice, MessagesUsage,
        MessageTurn, OutputConfig, Thinking, TokenCount, TokenCountRequest,
    )
    from nexhina_nb.wire.messages_blocks import (
        BlockSource, DocumentBlock, DocumentSource, ImageBlock, OtherBlock, TextBlock,
        ThinkingBlock, ToolResultBlock, ToolUseBlock,
    )
    from nexhina_nb.wire.models import Model, ModelList
    from nexhina_nb.wire.moderation import (
        ModerationCategory, ModerationRequest, ModerationResponse, ModerationResult,
        ModerationScores,
    )
    from nexhina_nb.wire.rerank import RerankRequest, RerankResponse, RerankResult
    from nexhina_nb.wire.response_events import (
        ResponseCompaction, ResponseCompactRequest, ResponseDeleted, ResponseEvent,
        ResponseInputItems, ResponseInputTokens, ResponseInputTokensRequest,
    )
    from nexhina_nb.wire.response_items import (
        ResponseFunctionCall, ResponseFunctionOutput, ResponseInputFile, ResponseInputImage,
        ResponseInputMessage, ResponseInputText, ResponseItem, ResponseOutputMessage,
        ResponseOutputRefusal, ResponseOutputText, ResponseReasoning,
    )
    from nexhina_nb.wire.responses import (
        IncompleteDetails, ReasoningOptions, ResponseError, ResponseObject, ResponseRequest,
        ResponseTool, TextFormat, TextOptions,
    )
    from nexhina_nb.wire.tools import (
        FunctionCall, FunctionDefinition, NamedFunction, ToolCall, ToolChoice, ToolDefinition,
    )
    from nexhina_nb.wire.usage import (
        CompletionTokensDetails, PromptTokensDetails, ResponseUsage, Usage,
    )
    from nexhina_nb.wire.video import (
        VideoData, VideoDeleted, VideoError, VideoGenerationRequest, VideoGenerationResponse,
        VideoList, VideoRemixRequest, VideoTask,
    )
    # fmt: on
    # isort: on

__all__ = [
    "ApiResponse", "AssistantMessage", "AudioOptions", "AudioPart", "BlockSource", "Channel",
    "ChannelStatus", "ChatAccumulator", "ChatCompletionChoice", "ChatCompletionChunk",
    "ChatCompletionRequest", "ChatCompletionResponse", "ChatMessage", "ChatRequest",
    "ChoiceLogprobs", "ChunkChoice", "ChunkDelta", "CompletionChoice", "CompletionRequest",
    "CompletionResponse", "CompletionTokensDetails", "DocumentBlock", "DocumentSource",
    "EmbeddingData", "EmbeddingRequest", "EmbeddingResponse", "ErrorBody", "ErrorDetail",
    "FilePart", "FileSource", "Form", "FunctionCall", "FunctionDefinition", "FunctionDelta",
    "ImageBlock", "ImageData", "ImageEditRequest", "ImageGenerationRequest",
    "ImageGenerationResponse", "ImageOptions", "ImagePart", "ImageSource", "ImageURL",
    "ImageUsage", "ImageUsageInputTokensDetails", "ImageUsageOutputTokensDetails",
    "IncompleteDetails", "InputAudio", "JSONSchemaFormat", "Log", "LogType", "MessageAudio",
    "MessageTurn", "MessagesError", "MessagesErrorDetail", "MessagesFormat", "MessagesModel",
    "MessagesModelList", "MessagesReply", "MessagesRequest", "MessagesTool", "MessagesToolChoice",
    "MessagesUsage", "Model", "ModelList", "ModerationCategory", "ModerationRequest",
    "ModerationResponse", "ModerationResult", "ModerationScores", "NamedFunction", "OtherBlock",
    "OtherPart", "OutputConfig", "PageInfo", "Prediction", "PromptTokensDetails",
    "ReasoningOptions", "Redemption", "RefusalPart", "RerankRequest", "RerankResponse",
    "RerankResult", "ResponseCompactRequest", "ResponseCompaction", "ResponseDeleted",
    "ResponseError", "ResponseEvent", "ResponseFormat", "ResponseFunctionCall",
    "ResponseFunctionOutput", "ResponseInputFile", "ResponseInputImage", "ResponseInputItems",
    "ResponseInputMessage", "ResponseInputText", "ResponseInputTokens",
    "ResponseInputTokensRequest", "ResponseItem", "ResponseObject", "ResponseOutputMessage",
    "ResponseOutputRefusal", "ResponseOutputText", "ResponseReasoning", "ResponseRequest",
    "ResponseTool", "ResponseUsage", "Segment", "SoundFile", "SpeechRequest", "StreamOptions",
    "TextBlock", "TextFormat", "TextOptions", "TextPart", "Thinking", "ThinkingBlock", "Token",
    "TokenCount", "TokenCountRequest", "TokenLogprob", "TokenStatus", "TokenUsage", "ToolCall",
    "ToolCallDelta", "ToolChoice", "ToolDefinition", "ToolResultBlock", "ToolUseBlock",
    "TopLogprob", "TranscriptionRequest", "TranscriptionResponse", "TranscriptionUsage",
    "TranslationRequest", "TranslationResponse", "Usage", "User", "UserRole", "VideoData",
    "VideoDeleted", "VideoError", "VideoGenerationRequest", "VideoGenerationResponse", "VideoList",
    "VideoPart", "VideoRemixRequest", "VideoTask", "VideoURL", "WebSearchOptions", "Word",
]  # fmt: skip

_HOMES = {
    "accumulate": "ChatAccumulator",
    "admin": "ApiResponse Channel Log PageInfo Redemption Token TokenUsage User",
    "audio": (
        "Form Segment SoundFile SpeechRequest TranscriptionRequest TranscriptionResponse "
        "TranscriptionUsage TranslationRequest TranslationResponse Word"
    ),
    "chat": (
        "ChatCompletionChoice ChatCompletionChunk ChatCompletionRequest ChatCompletionResponse "
        "ChatRequest ChoiceLogprobs ChunkChoice ChunkDelta FunctionDelta TokenLogprob "
        "ToolCallDelta TopLogprob"
    ),
    "chat_options": (
        "AudioOptions JSONSchemaFormat Prediction ResponseFormat StreamOptions WebSearchOptions"
    ),
    "codes": "ChannelStatus LogType TokenStatus UserRole",
    "completions": "CompletionChoice CompletionRequest CompletionResponse",
    "embeddings": "EmbeddingData EmbeddingRequest EmbeddingResponse",
    "error_body": "ErrorBody ErrorDetail",
    "images": (
        "ImageData ImageEditRequest ImageGenerationRequest ImageGenerationResponse ImageOptions "
        "ImageSource ImageUsage ImageUsageInputTokensDetails ImageUsageOutputTokensDetails"
    ),
    "messages": (
        "AssistantMessage AudioPart ChatMessage FilePart FileSource ImagePart ImageURL "
        "InputAudio MessageAudio OtherPart RefusalPart TextPart VideoPart VideoURL"
    ),
    "messages_api": (
        "MessageTurn MessagesError MessagesErrorDetail MessagesFormat MessagesModel "
        "MessagesModelList MessagesReply MessagesRequest MessagesTool MessagesToolChoice "
        "MessagesUsage OutputConfig Thinking TokenCount TokenCountRequest"
    ),
    "messages_blocks": (
        "BlockSource DocumentBlock DocumentSource ImageBlock OtherBlock TextBlock ThinkingBlock "
        "ToolResultBlock ToolUseBlock"
    ),
    "models": "Model ModelList",
    "moderation": (
        "ModerationCategory ModerationRequest ModerationResponse ModerationResult ModerationScores"
    ),
    "rerank": "RerankRequest RerankResponse RerankResult",
    "response_events": (
        "ResponseCompactRequest ResponseCompaction ResponseDeleted ResponseEvent "
        "ResponseInputItems ResponseInputTokens ResponseInputTokensRequest"
    ),
    "response_items": (
        "ResponseFunctionCall ResponseFunctionOutput ResponseInputFile ResponseInputImage "
        "ResponseInputMessage ResponseInputText ResponseItem ResponseOutputMessage "
        "ResponseOutputRefusal ResponseOutputText ResponseReasoning"
    ),
    "responses": (
        "IncompleteDetails ReasoningOptions ResponseError ResponseObject ResponseRequest "
        "ResponseTool TextFormat TextOptions"
    ),
    "tools": "FunctionCall FunctionDefinition NamedFunction ToolCall ToolChoice ToolDefinition",
    "usage": "CompletionTokensDetails PromptTokensDetails ResponseUsage Usage",
    "video": (
        "VideoData VideoDeleted VideoError VideoGenerationRequest VideoGenerationResponse "
        "VideoList VideoRemixRequest VideoTask"
    ),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value  # the next look-up finds it without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""A language-model engine on the ExecuTorch runtime: native all the way, no torch.

`LLMModule` is the place to begin. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmodule.chat_template import ChatTemplate
    from llmodule.config import ChatConfig, GenerationConfig
    from llmodule.context import ContextStrategy, MessageCount, SlidingWindow, WholeHistory
    from llmodule.converter.conversion import convert
    from llmodule.errors import (
        ChatTemplateError,
        ContextOverflowError,
        DownloadCancelled,
        DownloadError,
        ExecutionError,
        LLModuleError,
        ModelBusyError,
        ModelFormatError,
        ModelGeneratingError,
        ModelNotLoadedError,
        ResourceError,
        StateError,
        TokenizerFormatError,
    )
    from llmodule.messages import Message
    from llmodule.module import LLMModule
    from llmodule.results import GenerationResult, GenerationStats
    from llmodule.sources import ModelFiles, download
    from llmodule.tokenizer import StreamDecoder, Tokenizer

    __version__: str

_MODULES = {
    "chat_template": ("ChatTemplate",),
    "config": ("ChatConfig", "GenerationConfig"),
    "context": ("ContextStrategy", "MessageCount", "SlidingWindow", "WholeHistory"),
    "converter.conversion": ("convert",),
    "errors": (
        "ChatTemplateError",
        "ContextOverflowError",
        "DownloadCancelled",
        "DownloadError",
        "ExecutionError",
        "LLModuleError",
        "ModelBusyError",
        "ModelFormatError",
        "ModelGeneratingError",
        "ModelNotLoadedError",
        "ResourceError",
        "StateError",
        "TokenizerFormatError",
    ),
    "messages": ("Message",),
    "module": ("LLMModule",),
    "results": ("GenerationResult", "GenerationStats"),
    "sources": ("ModelFiles", "download"),
    "tokenizer": ("StreamDecoder", "Tokenizer"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ChatConfig",
    "ChatTemplate",
    "ChatTemplateError",
    "ContextOverflowError",
    "ContextStrategy",
    "DownloadCancelled",
    "DownloadError",
    "ExecutionError",
    "GenerationConfig",
    "GenerationResult",
    "GenerationStats",
    "LLMModule",
    "LLModuleError",
    "Message",
    "MessageCount",
    "ModelBusyError",
    "ModelFiles",
    "ModelFormatError",
    "ModelGeneratingError",
    "ModelNotLoadedError",
    "ResourceError",
    "SlidingWindow",
    "StateError",
    "StreamDecoder",
    "Tokenizer",
    "TokenizerFormatError",
    "WholeHistory",
    "__version__",
    "convert",
    "download",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("llmodule")
    elif name in _HOME:
        value = getattr(importlib.import_module(f"llmodule.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'llmodule' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

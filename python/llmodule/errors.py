"""The exceptions of llmodule, each with a stable `code`. Wrong arguments are ValueError and TypeError instead."""

from __future__ import annotations


class LLModuleError(Exception):
    """Base of everything that goes wrong at run time.

    Attributes:
        code: A stable name of the kind of failure, for example ``"model_format"``.
        executorch_code: ExecuTorch's error number (executorch/runtime/core/error.h); 0 where it had no part.
    """

    code: str = "error"

    def __init__(self, message: str, *, executorch_code: int = 0) -> None:
        super().__init__(message)
        self.executorch_code = executorch_code


class ResourceError(LLModuleError):
    """A file or another source cannot be found, opened or read."""

    code = "io"


class DownloadError(ResourceError):
    """A download failed or did not deliver the bytes that the server announced."""

    code = "download"


class DownloadCancelled(DownloadError):  # noqa: N818 - what was asked for is no error
    """A download was cancelled; what has arrived is kept for the next attempt."""

    code = "cancelled"


class ModelFormatError(LLModuleError):
    """A model file is damaged or does not follow the conventions for language models."""

    code = "model_format"


class TokenizerFormatError(LLModuleError):
    """A tokenizer file, or its configuration, is damaged or uses something unknown."""

    code = "tokenizer_format"


class ChatTemplateError(LLModuleError):
    """There is no chat template, or it cannot be rendered with the messages given."""

    code = "chat_template"


class ContextOverflowError(LLModuleError):
    """The prompt does not fit into the model's context."""

    code = "context_overflow"


class ExecutionError(LLModuleError):
    """The runtime failed while it executed the model."""

    code = "execution"


class StateError(LLModuleError, RuntimeError):
    """Base of misuse: the call does not fit the state of the module. Always raised, never given to error_callback."""

    code = "state"


class ModelNotLoadedError(StateError):
    """The call needs a model and none is loaded."""

    code = "not_loaded"


class ModelBusyError(StateError):
    """The call needs the model to be idle, and it is being loaded, used or deleted."""

    code = "busy"


class ModelGeneratingError(ModelBusyError):
    """The call needs the model to be idle, and a generation is running."""


_NATIVE: dict[str, type[LLModuleError]] = {
    cls.code: cls
    for cls in (ResourceError, ModelFormatError, TokenizerFormatError, ContextOverflowError, ExecutionError)
} | {"busy": ModelGeneratingError}


def from_native(code: str, message: str, runtime_code: int) -> LLModuleError:
    """Makes the exception of an error of the native core (csrc/base/error.h).

    Args:
        code: The error's stable name.
        message: What happened.
        runtime_code: ExecuTorch's error number, 0 where it had no part.
    """
    return _NATIVE.get(code, LLModuleError)(message, executorch_code=runtime_code)

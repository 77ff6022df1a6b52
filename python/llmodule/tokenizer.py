"""Text to tokens and back, for the files that language models come with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from llmodule import _native
from llmodule.errors import ModelFormatError, ResourceError, TokenizerFormatError

_GGUF_MAGIC = b"GGUF"


def open_tokenizer(path: str | os.PathLike[str]) -> _native.Tokenizer:
    """Reads a tokenizer file of any format for the native core.

    Raises:
        LLModuleError: see `Tokenizer.from_file`.
    """
    try:
        with open(path, "rb") as file:
            is_gguf = file.read(len(_GGUF_MAGIC)) == _GGUF_MAGIC
    except OSError as error:
        raise ResourceError(f"the tokenizer file {str(path)!r} can't be read: {error}") from error
    return _open_gguf(Path(path)) if is_gguf else _native.Tokenizer.from_file(os.fspath(path))


def _open_gguf(path: Path) -> _native.Tokenizer:
    from llmodule.converter.readers.gguf_header import read_header
    from llmodule.converter.readers.storage import MappedFile
    from llmodule.converter.vocabulary.tokenizer_json import tokenizer_json
    from llmodule.converter.vocabulary.vocabulary import read_vocabulary

    file = MappedFile(path)
    try:
        content = tokenizer_json(read_vocabulary(read_header(file).metadata))
        return _native.Tokenizer.from_bytes(json.dumps(content, ensure_ascii=False).encode())
    except (ModelFormatError, TokenizerFormatError) as error:
        raise TokenizerFormatError(f"the vocabulary of the GGUF file {str(path)!r}: {error}") from error
    finally:
        file.close()


class Tokenizer:
    """A tokenizer file, read. Nothing changes it, so threads may share one.

    Known formats, told apart by the content: tokenizer.json of Hugging Face (BPE, Unigram, WordPiece), SentencePiece
    `.model`, tiktoken ranks (GPT-2, cl100k, o200k, Llama 3 and 4, Qwen), Tekken (Mistral), and the vocabulary in a
    GGUF. Ids, offsets and text agree with the libraries those formats come from.

    The methods that encode share these options:

    * `add_special_tokens`: add what the file wants around a text, such as a BOS token. A SentencePiece `.model` does
      not say; its BOS piece is added.
    * `parse_special`: text that spells a special token becomes that token. False for what a user wrote, which then
      can't close a turn of a chat.
    * `allowed_special`: exactly these special tokens are parsed, whatever `parse_special` says.
    """

    def __init__(self, native: _native.Tokenizer) -> None:
        """Use `from_file` or `from_bytes`."""
        self._native = native

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Tokenizer:
        """Reads a file.

        Raises:
            ResourceError: The file can't be read.
            TokenizerFormatError: Its format is not known, it is damaged, or it wants something that is not supported.
        """
        return cls(open_tokenizer(path))

    @classmethod
    def from_bytes(cls, content: bytes) -> Tokenizer:
        """Reads a file's content, of any format but GGUF.

        Raises:
            TokenizerFormatError: see `from_file`.
        """
        return cls(_native.Tokenizer.from_bytes(content))

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return self._native.vocab_size

    @property
    def special_tokens(self) -> dict[str, int]:
        """The special tokens' texts and ids, in the order of the ids."""
        return {self._native.id_to_token(i) or "": i for i in self._native.special_tokens}

    def encode(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: Iterable[str] | None = None,
    ) -> list[int]:
        """The ids of `text`.

        Raises:
            ValueError: `text` has lone surrogates (UnicodeEncodeError), or `allowed_special` names no special token.
        """
        return self._native.encode(
            text,
            add_special_tokens=add_special_tokens,
            parse_special=parse_special,
            allowed_special=self._ids_of(allowed_special),
        )

    def encode_with_offsets(
        self,
        text: str,
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: Iterable[str] | None = None,
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of `text`, and for each the slice of `text`, [begin, end) in characters, that it stands for.

        Tokens that the file adds stand for (0, 0). Tokens that are parts of one character have that character's slice.

        Raises:
            ValueError: see `encode`.
        """
        return self._native.encode_with_offsets(
            text,
            add_special_tokens=add_special_tokens,
            parse_special=parse_special,
            allowed_special=self._ids_of(allowed_special),
        )

    def encode_batch(
        self,
        texts: Sequence[str],
        *,
        add_special_tokens: bool = True,
        parse_special: bool = True,
        allowed_special: Iterable[str] | None = None,
        threads: int = 0,
    ) -> list[list[int]]:
        """The ids of each text, encoded on `threads` threads (0: one per core) without the GIL.

        Raises:
            ValueError: see `encode`; or `threads` is negative.
        """
        if threads < 0:
            raise ValueError(f"threads is {threads}; it must be 0, which means one per core, or more")
        return self._native.encode_batch(
            list(texts),
            add_special_tokens=add_special_tokens,
            parse_special=parse_special,
            allowed_special=self._ids_of(allowed_special),
            threads=threads,
        )

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """The text of `ids`. Bytes that form no character become U+FFFD.

        Raises:
            ValueError: An id is outside the vocabulary.
        """
        return self._native.decode(ids, skip_special_tokens=skip_special_tokens)

    def stream(self, *, skip_special_tokens: bool = True) -> StreamDecoder:
        """A decoder that takes tokens as they come."""
        return StreamDecoder(self, skip_special_tokens=skip_special_tokens)

    def token_to_id(self, token: str) -> int | None:
        """The id of a token as the vocabulary writes it, such as "Ġthe" or "▁the"; None if there is no such token."""
        return self._native.token_to_id(token)

    def id_to_token(self, id: int) -> str | None:
        """The token as the vocabulary writes it; None if no token has this id."""
        return self._native.id_to_token(id)

    def is_special(self, id: int) -> bool:
        """Whether the token is special: left out of decoded text on request, plain text to `encode` on request."""
        return self._native.is_special(id)

    def _ids_of(self, tokens: Iterable[str] | None) -> list[int] | None:
        if tokens is None:
            return None
        special = self.special_tokens
        tokens = list(tokens)
        if unknown := [token for token in tokens if token not in special]:
            raise ValueError(f"allowed_special has {unknown[0]!r}, which is no special token of this vocabulary")
        return [special[token] for token in tokens]

    def __repr__(self) -> str:
        return f"<llmodule.Tokenizer of {self.vocab_size} ids, {len(self.special_tokens)} of them special>"


class StreamDecoder:
    """Tokens that come one by one, turned into text that leaves in whole characters.

    What `push` and `finish` return, joined, is what `Tokenizer.decode` makes of all the tokens.
    """

    def __init__(self, tokenizer: Tokenizer, *, skip_special_tokens: bool = True) -> None:
        self._native = _native.StreamDecoder(tokenizer._native, skip_special_tokens=skip_special_tokens)

    def push(self, token: int) -> str:
        """The text that `token` completes; empty while a character is incomplete.

        Raises:
            ValueError: The id is outside the vocabulary; the decoder is as it was before, then.
        """
        return self._native.push(token)

    def finish(self) -> str:
        """What is still held, an incomplete character as U+FFFD. The decoder is ready for a new text then."""
        return self._native.finish()

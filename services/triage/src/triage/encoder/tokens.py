"""Texts in, token ids out."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from triage.encoder.architecture import MAX_TOKENS, TOKENIZER_FILE


class Tokens:
    """The published tokenizer, its texts cut at 256 tokens. Any number of threads may share one."""

    def __init__(self, folder: Path) -> None:
        """Read the tokenizer of a folder."""
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def of(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, `[CLS]` and `[SEP]` included."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

"""Texts as numbers: by a tokenizer of the transformers library, or word by word."""

import os
import re
from collections import Counter
from typing import Any

from ..core.errors import UserError, one_line

LONGEST = 512
"""tokens of a text at most, unless told otherwise"""
WORD = r"\w+|[^\w\s]"
"""words and punctuation marks"""


class Words:
    """Words in lower case and punctuation marks; 0 is for padding, 1 for all that aren't known."""

    padding, longest = 0, LONGEST

    def __init__(self, words: list[str]):
        self.names = ["", "?", *words]
        self.numbers = {word: number for number, word in enumerate(words, start=2)}
        self.size = len(self.names)

    def encode(self, texts: list[str], length: int) -> list[list[int]]:
        """Return the numbers of each text's first words."""
        return [[self.numbers.get(word, 1) for word in to_words(t)[:length]] for t in texts]

    def decode(self, numbers: list[int]) -> str:
        """Return the words of these numbers."""
        return " ".join(self.names[number] for number in numbers)

    def as_pretrained(self) -> Any:
        """Return the same as a tokenizer of the transformers library."""
        import tokenizers
        from transformers import PreTrainedTokenizerFast

        names = {"[PAD]": self.padding, "[UNK]": 1} | self.numbers
        found = tokenizers.Tokenizer(tokenizers.models.WordLevel(names, unk_token="[UNK]"))
        found.normalizer = tokenizers.normalizers.Lowercase()
        found.pre_tokenizer = tokenizers.pre_tokenizers.Split(
            tokenizers.Regex(WORD), behavior="removed", invert=True
        )
        return PreTrainedTokenizerFast(
            tokenizer_object=found, pad_token="[PAD]", unk_token="[UNK]", padding_side="right"
        )


class Pieces:
    """What a tokenizer of the transformers library makes of texts, its special tokens included."""

    def __init__(self, name: str, tokenizer: Any):
        self.tokenizer, self.size = tokenizer, len(tokenizer)
        self.longest = min(tokenizer.model_max_length, LONGEST)
        if tokenizer.pad_token is None:  # as with some of those for generation
            tokenizer.pad_token = tokenizer.eos_token
        if tokenizer.pad_token is None:
            raise UserError(
                f"data.tokenizer: {name} has no token for padding and none for a text's end; set "
                "its pad_token and save it again"
            )
        self.padding = tokenizer.pad_token_id

    def encode(self, texts: list[str], length: int) -> list[list[int]]:
        """Return the numbers of each text's first tokens, one at least."""
        found = self.tokenizer(texts, truncation=True, max_length=length)["input_ids"]
        return [row or [self.padding] for row in found]

    def decode(self, numbers: list[int]) -> str:
        """Return the tokens of these numbers."""
        return " ".join(self.tokenizer.convert_ids_to_tokens(numbers))

    def as_pretrained(self) -> Any:
        """Return the tokenizer."""
        self.tokenizer.padding_side = "right"
        return self.tokenizer


def to_words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text."""
    return re.findall(WORD, text.lower())


def choose_words(texts: list[str], most: int) -> list[str]:
    """Return the commonest words of texts, without those that come only once.

    In training these stand for words that will be new, so that a model knows what to make of them.
    """
    counts = Counter(word for text in texts for word in to_words(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return [word for word in ranked[:most] if counts[word] > 1]


def open_tokenizer(name: str | None, words: list[str]) -> Words | Pieces:
    """Return the tokenizer of a model on the hub or in a local folder; without a name, of words.

    Raises UserError if there is none.
    """
    if name is None:
        return Words(words)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it warns of the loader's workers
    from transformers import AutoTokenizer  # here, because it takes a second to import

    try:
        return Pieces(name, AutoTokenizer.from_pretrained(name))
    except (OSError, ValueError) as error:
        raise UserError(f"data.tokenizer: {name} can't be loaded: {one_line(error)}") from None

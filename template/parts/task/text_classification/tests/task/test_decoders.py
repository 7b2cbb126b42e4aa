"""The promise of decoders by name: they tell a text from its last token, whatever pads it."""

from pathlib import Path

import pytest
import tokenizers
import torch
import transformers

FEW = ["--duration", "8 steps", "--schedule.warmup", "0 steps", "--data.limit", "320"]
SIZE = {"num_attention_heads": 2, "num_hidden_layers": 1, "hidden_size": 16}
SIZE |= {"intermediate_size": 32, "max_position_embeddings": 99}


def save_tokenizer(folder: str, **marks: str) -> int:
    """Save a tokenizer of a decoder, which knows letters and these marks; return its size."""
    letters = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz? ")}
    model = tokenizers.Tokenizer(tokenizers.models.BPE(letters, [], unk_token="?"))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=model, **marks)
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        ("GPT2", {"eos_token": "<end>"}),
        ("Llama", {"eos_token": "<end>"}),
        ("Llama", {"eos_token": "<end>", "pad_token": "<pad>"}),
    ],
)
def test_decoder_tells_from_the_last_token(module, train, kind, marks):
    size = save_tokenizer("Decoder", **marks)
    config = getattr(transformers, f"{kind}Config")
    config = config(vocab_size=28, num_key_value_heads=2, **SIZE)
    getattr(transformers, f"{kind}ForSequenceClassification")(config).save_pretrained("Decoder")
    arguments = ["--model.name", "Decoder", "--data.tokenizer", "Decoder", "--data.length", "32"]
    assert train(*FEW, *arguments) == 0
    model, spec = module("trained").load_model(
        Path("runs/run"),
        "last",
        module("trained").parse_config([], Path("runs/run/config.yaml")),
    )
    assert model.config.pad_token_id == spec.padding >= 28
    assert len(model.get_input_embeddings().weight) == spec.vocabulary == size
    texts = ["abc", "a much longer one of them"]
    tokenizer = module("sources.tokens").open_tokenizer("Decoder", [])
    both = module("sources.texts").encode(texts, tokenizer, spec)
    with torch.no_grad():
        found = module("model").predict(model.eval(), both)
        for text, logits in zip(texts, found, strict=True):
            tokens = torch.tensor(tokenizer.encode([text], 32))
            torch.testing.assert_close(model(input_ids=tokens).logits[0], logits)

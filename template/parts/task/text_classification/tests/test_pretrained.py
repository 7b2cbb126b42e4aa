"""The promises of models by name: they and their tokenizers are used, or refused in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from test_training import assert_equal, final_state, ledger

FEW = ["--duration", "8 steps", "--save_every", "4 steps", "--eval_every", "4 steps"]
FEW += ["--schedule.warmup", "0 steps", "--data.limit", "320"]
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LAYER = {"num_attention_heads": 2, "num_hidden_layers": 1, "hidden_size": 16}
BERT = LAYER | {"intermediate_size": 32, "max_position_embeddings": 24}


@pytest.fixture
def save(module) -> Callable:
    """Return a function that saves a model, with the words of the names as its tokens."""

    def save(kind: str, **settings) -> list[str]:
        words = [row.text for row in module("names").read_names()]
        vocabulary = [*MARKS, *module("tokens").choose_words(words, 1000)]
        Path("vocabulary.txt").write_text("\n".join(vocabulary))
        torch.manual_seed(1)
        config = getattr(transformers, f"{kind}Config")(vocab_size=len(vocabulary), **settings)
        model = getattr(transformers, f"{kind}ForSequenceClassification")(config)
        model.half().save_pretrained(kind)
        tokenizer = transformers.BertTokenizerFast("vocabulary.txt", model_max_length=16)
        tokenizer.save_pretrained(kind)
        return [*FEW, "--model.name", kind, "--data.tokenizer", kind]

    return save


def test_model_is_trained_and_used(save, train, call, command):
    arguments = save("Bert", **BERT)
    assert train(*arguments, "--name", "whole") == 0
    assert train(*arguments, "--name", "killed", kill_after=4) is None
    assert train(*arguments, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")
    done = command("train", *arguments, "--name", "two", "--data.batch_size", "32", processes=2)
    assert done.returncode == 0, done.stderr
    assert [line["step"] for line in ledger("two")] == [line["step"] for line in ledger("whole")]
    (told,) = call("evaluate", "--run", "runs/whole")
    assert told["accuracy"] == ledger("whole")[-1]["eval/accuracy"]
    Path("texts.txt").write_text("greek small letter alpha\n")
    (told,) = call("predict", "--run", "runs/whole", "--input", "texts.txt")
    assert told["input"] == "texts.txt: line 1" and told["probability"] > 1 / 7


def test_weights_and_tokenizer_are_those_of_the_folder(save, module):
    save("Bert", **BERT)
    data, model = module("data"), module("model")
    settings = data.DataConfig(tokenizer="Bert", limit=100)
    _, spec = data.build_loaders(settings, 0)
    tokenizer = transformers.AutoTokenizer.from_pretrained("Bert")
    text = "latin small letter a with diaeresis"
    rows = [module("rows").Row("", text, spec.classes[0])]
    (tokens,), (count,) = (module("texts").Texts(rows, spec)[[0]][x] for x in ("tokens", "count"))
    assert tokens[:count].tolist() == tokenizer(text)["input_ids"]
    saved = transformers.BertForSequenceClassification.from_pretrained("Bert").state_dict()
    found = model.build_model(model.ModelConfig(name="Bert"), spec).state_dict()
    assert all(
        value.dtype == torch.float32 for value in found.values() if value.is_floating_point()
    )
    body = [name for name in saved if not name.startswith("classifier")]
    for name in body:
        assert torch.equal(found[name], saved[name].float())
    assert len(found["classifier.bias"]) == 7


def test_what_no_output_depends_on_is_not_trained(save, module):
    save("XLNet", d_model=16, n_layer=1, n_head=2, d_inner=32)
    data, model = module("data"), module("model")
    _, spec = data.build_loaders(data.DataConfig(tokenizer="XLNet", limit=100), 0)
    network = model.build_model(model.ModelConfig(name="XLNet", dropout=0.3), spec)
    frozen = {name for name, p in network.named_parameters() if not p.requires_grad}
    assert "transformer.mask_emb" in frozen and "transformer.word_embedding.weight" not in frozen
    drops = {m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)}
    assert drops == {0.3} and network.training


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model.name", "Bert"], ["set data.tokenizer to Bert, too"]),
        (["--data.tokenizer", "no/such/one"], ["data.tokenizer: no/such/one can't be loaded"]),
        (["--data.tokenizer", "Bert", "--model.name", "a/b/c"], ["model.name: a/b/c can't be"]),
        (["--data.tokenizer", "Bert", "--model.name", "Short"], ["takes 4", "data.length"]),
        (["--data.tokenizer", "Bert", "--model.name", "Few"], ["knows 9 tokens", "Bert has 1005"]),
    ],
    ids=["no tokenizer", "tokenizer", "model", "length", "vocabulary"],
)
def test_names_what_is_wrong_with_a_model(module, train, save, arguments, words):
    save("Bert", **BERT)
    for name, change in (("Short", {"max_position_embeddings": 4}), ("Few", {"vocab_size": 9})):
        transformers.BertConfig(**BERT | change).save_pretrained(name)
    with pytest.raises(module("errors").UserError) as caught:
        train(*FEW, *arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
#% if 'gradient_checkpointing' in extras %#


def test_decoder_fills_no_cache_twice(save, train):
    arguments = save("GPT2", n_embd=16, n_layer=2, n_head=2, n_positions=24)
    assert train(*arguments, "--name", "less") == 0
    assert train(*arguments, "--gradient_checkpointing.blocks", "[]", "--name", "plain") == 0
    assert_equal(final_state("less"), final_state("plain"))
    assert ledger("less") == ledger("plain")
#% endif %#

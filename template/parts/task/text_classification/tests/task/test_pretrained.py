"""The promises of models by name: they and their tokenizers are used, or refused in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from test_decoders import save_tokenizer
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
        words = [row.text for row in module("sources.names").read_names()]
        vocabulary = [*MARKS, *module("sources.tokens").choose_words(words, 1000)]
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
    assert told["input"] == "texts.txt, line 1" and told["probability"] > 1 / 7


def test_weights_and_tokenizer_are_those_of_the_folder(save, module):
    save("Bert", **BERT)
    data, model = module("data"), module("model")
    settings = data.DataConfig(tokenizer="Bert", limit=100)
    _, spec = data.build_loaders(settings, 0)
    tokenizer = transformers.AutoTokenizer.from_pretrained("Bert")
    text = "latin small letter a with diaeresis"
    rows = [module("sources.rows").Row("", text, spec.classes[0])]
    batch = module("sources.texts").Texts(rows, spec)[[0]]
    (tokens,), (count,) = batch["tokens"], batch["count"]
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


@pytest.mark.parametrize("new", [True, False], ids=["new", "by name"])
def test_export_is_read_by_transformers(save, train, module, command, call, new):
    arguments = [*FEW, "--data.length", "12"] if new else save("Bert", **BERT)
    assert train(*arguments) == 0
    done = command("export", "--run", "runs/run", "--folder", "exported")
    assert done.returncode == 0, done.stderr
    model = transformers.AutoModelForSequenceClassification.from_pretrained("exported").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained("exported")
    texts = ["Greek small letter ALPHA, with tonos", "no-break " * 20, "digit: four"]
    Path("texts.txt").write_text("\n".join(texts))
    given = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    given.pop("token_type_ids", None)
    with torch.no_grad():
        found = model(**given).logits.softmax(1)
    said = call("predict", "--run", "runs/run", "--input", "texts.txt")
    for row, told in zip(found, said, strict=True):
        names = {model.config.id2label[n]: p for n, p in enumerate(row.tolist())}
        assert told["probabilities"] == pytest.approx(names, abs=2e-4)
    with pytest.raises(module("core.errors").UserError, match="exported is there already"):
        module("export").main(["--run", "runs/run", "--folder", "exported"])


@torch.no_grad()
def test_head_knows_the_classes_by_their_names(module, save, caplog):
    save("Bert", **BERT, id2label={0: "POS", 1: "neg", 2: "other"}, hidden_dropout_prob=0)
    model = module("model")
    saved = transformers.BertForSequenceClassification.from_pretrained("Bert").float().eval()
    tokens = torch.tensor([[7, 8, 9, 3, 5]])
    want = saved(input_ids=tokens).logits[0]
    for classes, same in ((["neg", "other", "pos"], True), (["bad", "good", "so-so"], False)):
        spec = module("sources.texts").Spec(classes, "Bert", [], 1005, 0, 16)
        network = model.build_model(model.ModelConfig(name="Bert"), spec).eval()
        found = network(input_ids=tokens).logits[0]
        assert torch.allclose(found, want[[1, 2, 0]], atol=1e-6) is same
        assert network.config.id2label == dict(enumerate(classes))
        told = "its last layer begins anew for bad, good, so-so"
        assert (told in caplog.text) is not same


@torch.no_grad()
def test_tokens_that_the_model_lacks_get_rows(module, save, caplog):
    save("Bert", **BERT)
    tokenizer = transformers.AutoTokenizer.from_pretrained("Bert")
    tokenizer.add_tokens(["<one>", "<two>"])
    tokenizer.save_pretrained("More")
    spec = module("sources.texts").Spec(["a", "b"], "More", [], len(tokenizer), 0, 16)
    model = module("model")
    rows = model.build_model(model.ModelConfig(name="Bert"), spec).get_input_embeddings().weight
    assert rows.shape == (1007, 16)
    torch.testing.assert_close(rows[1005:], rows[:1005].mean(0).expand(2, 16))
    assert "no row for 2 tokens of More" in caplog.text


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
        (["--data.tokenizer", "Bert", "--model.name", "Short"], ["set 4", "data.length"]),
        (["--data.tokenizer", "Bare", "--model.name", "Bert"], ["Bare has no token for padding"]),
    ],
    ids=["no tokenizer", "tokenizer", "model", "length", "padding"],
)
def test_names_what_is_wrong_with_a_model(module, train, save, arguments, words):
    save("Bert", **BERT)
    transformers.BertConfig(**BERT | {"max_position_embeddings": 4}).save_pretrained("Short")
    save_tokenizer("Bare")
    with pytest.raises(module("core.errors").UserError) as caught:
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

"""The promises of the loss: it is torch's or the formula's, training alone has it, it resumes."""

#% if task != 'tabular_regression' %#
from dataclasses import replace

#% endif %#
import pytest
import torch
#% if task != 'tabular_regression' %#
from accelerate import Accelerator
#% endif %#
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger
from torch import nn

#% if task == 'tabular_regression' %#
NAMES = [
    ("MSELoss", {}),
    ("L1Loss", {}),
    ("HuberLoss", {"delta": 0.5}),
    ("SmoothL1Loss", {"beta": 0.5}),
]
OWN = "def error(value, target):\n    return (value - target).abs()\n"
#% else %#
NAMES = [
    ("CrossEntropyLoss", {}),
    ("CrossEntropyLoss", {"label_smoothing": 0.1}),
    ("MultiMarginLoss", {"p": 2}),
    ("BCEWithLogitsLoss", {"pos_weight": [1, 2, 3, 4, 5]}),
    ("MSELoss", {}),
    ("SmoothL1Loss", {"beta": 0.5}),
]
OWN = "def error(logits, labels):\n    return logits.square().sum(1) * (1 + labels)\n"
#% endif %#


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a module with a loss per example, one for all, and one with a weight."""
    text = OWN + "\n\ndef whole(first, second):\n    return error(first, second).mean()\n"
    text += "\n\ndef scaled(first, second, scale):\n    return scale * error(first, second)\n"
    (tmp_path / "own_losses.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def examples() -> tuple[torch.Tensor, torch.Tensor]:
    """Return predictions of 40 examples and what is wanted of them."""
    generator = torch.Generator().manual_seed(0)
    #% if task == 'tabular_regression' %#
    return torch.randn(40, generator=generator), torch.randn(40, generator=generator)
    #% else %#
    labels = torch.randint(5, (40,), generator=generator)
    return 3 * torch.randn(40, 5, generator=generator), labels
    #% endif %#


@pytest.fixture
def losses(module, examples):
    """Return a function that gives the losses [b] of the examples."""

    def measure(name: str, **args) -> torch.Tensor:
        loss = module("extras.loss")
        made = loss.make_loss(loss.LossConfig(name=name, args=args), torch.device("cpu"))
        return loss.per_example(made, *examples)

    return measure


@pytest.mark.parametrize(("name", "args"), NAMES)
def test_losses_are_those_of_torch(losses, examples, name, args):
    tensors = {n: torch.tensor(x) if isinstance(x, list) else x for n, x in args.items()}
    predicted, wanted = examples
    #% if task != 'tabular_regression' %#
    if name not in ("CrossEntropyLoss", "MultiMarginLoss"):
        wanted = torch.eye(5)[wanted]
    #% endif %#
    value = losses(name, **args)
    assert value.shape == (40,)
    torch.testing.assert_close(value.mean(), getattr(nn, name)(**tensors)(predicted, wanted))


#% if task != 'tabular_regression' %#
def test_smoothing_is_the_formula(losses, examples):
    logits, labels = examples
    log_p = logits.log_softmax(1)
    expected = -0.8 * log_p[range(40), labels] - 0.2 * log_p.mean(1)
    torch.testing.assert_close(losses("CrossEntropyLoss", label_smoothing=0.2), expected)


def test_focal_loss_is_the_formula(losses, examples):
    logits, labels = examples
    weight = [1, 2, 3, 4, 5]
    plain = losses("CrossEntropyLoss", weight=weight)
    torch.testing.assert_close(losses("FocalLoss", gamma=0.0, weight=weight), plain)
    p = logits.softmax(1)[range(40), labels]
    expected = (1 - p) ** 2 * -p.log()
    torch.testing.assert_close(losses("FocalLoss"), expected)
    torch.testing.assert_close(losses("FocalLoss", weight=weight), expected * (labels + 1))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_of_a_sure_answer_has_a_slope(module, gamma):
    logits = torch.tensor([[100.0, 0.0], [0.0, 100.0]], requires_grad=True)
    module("extras.loss").FocalLoss(gamma)(logits, torch.tensor([0, 0])).sum().backward()
    torch.testing.assert_close(logits.grad, torch.tensor([[0.0, 0.0], [-1.0, 1.0]]))


def test_weights_of_classes_leave_the_mean_over_examples(losses, examples):
    weight = torch.arange(5.0) + 1
    mean = nn.CrossEntropyLoss(weight)(*examples)
    total = weight[examples[1]].sum()
    ours = losses("CrossEntropyLoss", weight=weight.tolist()).mean()
    torch.testing.assert_close(ours, mean * total / 40)


def test_balanced_weights_are_those_of_scikit_learn(module, config):
    weights = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    np = pytest.importorskip("numpy")
    loss, accelerator = module("extras.loss"), Accelerator(cpu=True)
    loaders, spec = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    args = {"gamma": 1.0, "weight": "balanced"}
    config = replace(config, loss=loss.LossConfig(name="FocalLoss", args=args))
    loss.check_loss(config.loss, spec)
    found = loss.balance(config, loader, module("model"), spec, accelerator)
    batches = [(batch, real) for group in loader.groups() for batch, real in group.batches]
    labels = torch.cat([batch["label"][:real] for batch, real in batches]).numpy()
    expected = weights("balanced", classes=np.arange(len(spec.classes)), y=labels)
    assert found.loss.args == {"gamma": 1.0, "weight": pytest.approx(expected)}
    assert config.loss.args == args
    assert loss.balance(found, loader, module("model"), spec, accelerator) is found


#% endif %#
def test_own_loss_is_found(losses, examples, own):
    value = losses("own_losses.error")
    torch.testing.assert_close(losses("own_losses.scaled", scale=3.0), 3 * value)
    #% if task == 'tabular_regression' %#
    of_torch, name, args = "smooth_l1_loss", "SmoothL1Loss", {"beta": 0.5}
    #% else %#
    of_torch, name, args = "multi_margin_loss", "MultiMarginLoss", {"p": 2}
    #% endif %#
    found = losses(f"torch.nn.functional.{of_torch}", **args)
    assert torch.equal(found, losses(name, **args))


@pytest.mark.parametrize(
    ("words", "name", "args"),
    [
        ("did you mean MSELoss", "MSELos", "{}"),
        ("loss.args: 'deltas'", "HuberLoss", "{deltas: 1}"),
        ("loss.args: 'reduction'", "HuberLoss", "{reduction: sum}"),
        ("refuses them: .*delta", "HuberLoss", "{delta: -1}"),
        ("No module named 'nowhere'", "nowhere.loss", "{}"),
        ("no attribute 'missing'", "own_losses.missing", "{}"),
        (r"gives \[\] for 2 examples", "own_losses.whole", "{}"),
        ("refuses them: .*scale", "own_losses.scaled", "{}"),
        ("which is null", "null", "{delta: 1}"),
        #% if task != 'tabular_regression' %#
        ("refuses them: .*weight", "CrossEntropyLoss", "{weight: [1, 2, 3]}"),
        ("refuses them: .*weight", "FocalLoss", "{weight: [1, 2, 3]}"),
        ("refuses them: .*size of tensor", "BCEWithLogitsLoss", "{pos_weight: [1, 2, 3]}"),
        ("weight: balanced goes with C", "BCEWithLogitsLoss", "{weight: balanced}"),
        ("refuses them: gamma is -1", "FocalLoss", "{gamma: -1}"),
        #% endif %#
    ],
)
def test_mistakes_are_named_before_the_run_begins(module, train, own, tmp_path, words, name, args):
    with pytest.raises(module("core.errors").UserError, match=words) as caught:
        train("--loss.name", name, "--loss.args", args)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs" / "run").exists()


#% if task == 'tabular_regression' %#
@pytest.fixture
def other() -> list[str]:
    """Return settings of another loss than the default."""
    return ["--loss.name", "SmoothL1Loss", "--loss.args", "{beta: 0.5}"]
#% else %#
@pytest.fixture
def other() -> list[str]:
    """Return settings of another loss than the default, with weights of the classes."""
    return ["--loss.name", "FocalLoss", "--loss.args", "{gamma: 1.5, weight: balanced}"]
#% endif %#


def test_only_training_has_it(train, other):
    common = ["--optim.lr", "1e-9", "--duration", "24 steps"]
    assert train(*common, *other, "--name", "other") == 0
    assert train(*common, "--loss.name", "null", "--loss.args", "{}", "--name", "plain") == 0
    for name, same in (("eval/loss", True), ("train/loss", False), ("train/grad_norm", False)):
        mine, its = ([x[name] for x in ledger(run) if name in x] for run in ("other", "plain"))
        assert (mine == pytest.approx(its, rel=1e-4)) == same


def test_resumes_bit_for_bit(train, other):
    assert train(*other, "--name", "whole") == 0
    assert train(*other, "--name", "killed", kill_after=42) is None
    assert train(*other, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")


def test_same_curve_however_a_step_is_spread(train, other):
    common = [*CURVE, *other]
    assert train(*common, "--data.batch_size", "60", "--name", "one") == 0
    half = [*common, "--data.batch_size", "30", "--optim.accumulate", "2"]
    assert train(*half, "--name", "accumulated") == 0
    assert_alike("one", "accumulated")

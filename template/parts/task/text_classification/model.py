"""The model (yours to change): how it is built, what it makes of a batch, what that is worth."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .settings.model import ModelConfig
from .sources.texts import Spec
from .task.confusion import count_pairs, macro_f1, tell_classes
from .task.pretrained import load_pretrained, set_up


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the network: tokens and attention mask, both [b, length], in, logits out.

    Raises UserError for a model that can't be loaded or doesn't fit the tokens.
    """
    if cfg.name:
        return load_pretrained(cfg.name, cfg.dropout, spec)
    from transformers import AutoModelForSequenceClassification, ModernBertConfig

    config = ModernBertConfig(  # Warner et al. (2024), but for the pooling, the size and the tokens
        hidden_size=cfg.width,
        intermediate_size=2 * cfg.width,
        num_hidden_layers=cfg.layers,
        num_attention_heads=cfg.heads,
        layer_types=["full_attention"] * cfg.layers,
        max_position_embeddings=spec.length,
        classifier_pooling="mean",
        vocab_size=spec.vocabulary,
        pad_token_id=spec.padding,
        bos_token_id=None,
        eos_token_id=None,
        cls_token_id=None,
        sep_token_id=None,
    )
    set_up(config, cfg.dropout, spec)
    return AutoModelForSequenceClassification.from_config(config)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the logits [b, classes] of a batch."""
    place = torch.arange(batch["tokens"].shape[1], device=batch["tokens"].device)
    mask = (place < batch["count"][:, None]).long()
    return model(input_ids=batch["tokens"], attention_mask=mask).logits


def score(outputs: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    An optional `weight` says how much each example counts in every average.
    """
    return {
        "loss": F.cross_entropy(outputs, batch["label"], reduction="none"),
        "accuracy": (outputs.argmax(1) == batch["label"]).float(),
    }


#% if 'loss' in extras or 'distillation' in extras %#
def compare(outputs: Tensor, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return what a loss of torch compares: the logits [b, classes] and the labels [b]."""
    return outputs, batch["label"]


#% endif %#
def tally(outputs: Tensor, batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    return {"confusion": count_pairs(batch["label"], outputs.argmax(1), outputs.shape[1], real)}


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    return scores | {"f1": macro_f1(totals["confusion"])}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    return tell_classes(totals["confusion"], spec.classes)


def describe(outputs: Tensor, batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the logits [1, classes] of one text say, in words."""
    found = [round(probability, 4) for probability in outputs.softmax(1)[0].tolist()]
    told = {"label": spec.classes[outputs[0].argmax()], "probability": max(found)}
    return told | {"probabilities": dict(zip(spec.classes, found, strict=True))}

"""Models of the transformers library by name: loaded, set up for the texts, and refused."""

from typing import Any

import torch
from torch import nn

from .errors import UserError, one_line
from .texts import Spec


def set_up(config: Any, dropout: float, spec: Spec) -> None:
    """Let a model's configuration have the classes, the padding and the dropout wanted.

    Dropout has a name, or some, of its own in each architecture. What drops whole layers stays.
    """
    config.id2label = dict(enumerate(spec.classes))
    config.label2id = {name: number for number, name in enumerate(spec.classes)}
    config.pad_token_id = spec.padding
    for name, value in config.to_dict().items():
        if "drop" in name and "layer" not in name and isinstance(value, int | float):
            setattr(config, name, dropout)


def load_pretrained(name: str, dropout: float, spec: Spec) -> nn.Module:
    """Return the model with its weights in float32; what it lacks, such as the head, is drawn.

    Raises UserError if it can't be loaded, or has no room for the tokens.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification, logging

    logging.set_verbosity_error()  # it tells at length that the head is new
    logging.disable_progress_bar()
    if spec.tokenizer is None:
        raise UserError(f"model.name {name} needs its tokenizer: set data.tokenizer to {name}, too")
    try:
        config = AutoConfig.from_pretrained(name)
        check_room(name, config, spec)
        set_up(config, dropout, spec)
        model = AutoModelForSequenceClassification.from_pretrained(
            name, config=config, dtype=torch.float32, ignore_mismatched_sizes=True
        )
    except (OSError, ValueError) as error:
        raise UserError(f"model.name: {name} can't be loaded: {one_line(error)}") from None
    freeze_unused(model)
    return model.train()


def check_room(name: str, config: Any, spec: Spec) -> None:
    """Raise UserError for tokens without a row in the model's embedding, or too many of them."""
    rows = getattr(config, "vocab_size", spec.vocabulary)
    if spec.vocabulary > rows:
        raise UserError(
            f"model.name {name} knows {rows} tokens, data.tokenizer {spec.tokenizer} has "
            f"{spec.vocabulary}; set data.tokenizer to {name}, too"
        )
    room = getattr(config, "max_position_embeddings", spec.length)  # -1 is without an end
    if 0 < room < spec.length:
        raise UserError(f"data.length: {spec.length} tokens; model.name {name} takes {room}")


def freeze_unused(model: nn.Module) -> None:
    """Leave out of training what no output depends on; several processes would wait for it."""
    tokens = torch.ones(2, 2, dtype=torch.long)
    with torch.enable_grad():  # also where a command has switched it off
        model(input_ids=tokens, attention_mask=tokens).logits.sum().backward()
    for parameter in model.parameters():
        parameter.requires_grad = parameter.grad is not None
    model.zero_grad()

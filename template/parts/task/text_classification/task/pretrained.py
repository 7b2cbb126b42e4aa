"""Models of the transformers library by name: loaded, set up for the texts, and refused."""

from typing import Any

import torch
from torch import nn

from ..core.errors import UserError, one_line, warn
from ..sources.texts import Spec


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
        known = dict(config.id2label)
        set_up(config, dropout, spec)
        if spec.padding >= config.get_text_config().vocab_size:
            config.pad_token_id = None  # until there is a row for it
        model, found = AutoModelForSequenceClassification.from_pretrained(
            name,
            config=config,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (OSError, ValueError) as error:
        raise UserError(f"model.name: {name} can't be loaded: {one_line(error)}") from None
    others = {key for key, *_ in found["mismatched_keys"]}
    settle_head(name, model, known, spec.classes, others, found["missing_keys"])
    settle_tokens(name, model, spec)
    freeze_unused(model)
    return model.train()


def check_room(name: str, config: Any, spec: Spec) -> None:
    """Raise UserError for texts of more tokens than the model has positions for."""
    room = getattr(config, "max_position_embeddings", spec.length)  # -1 is without an end
    if 0 < room < spec.length:
        raise UserError(f"data.length: {spec.length} tokens; set {room}, as {name} takes no more")


def settle_head(
    name: str,
    model: nn.Module,
    known: dict[int, str],
    classes: list[str],
    others: set[str],
    missing: set[str],
) -> None:
    """Let the last layer tell the classes: by its own rows if they have these names, in any case.

    `known` names the rows of the folder's, `others` the weights that have another size there, and
    `missing` those that aren't there. A layer for other classes is drawn anew, which is told.
    """
    body = f"{model.base_model_prefix}."
    layers = {key: each for key, each in model.named_modules() if not key.startswith(body)}
    *_, last = (key for key, each in layers.items() if isinstance(each, nn.Linear))
    rows = {label.casefold(): row for row, label in known.items()}
    order = [rows.get(label.casefold(), -1) for label in classes]
    if f"{last}.weight" in missing:
        return
    if f"{last}.weight" not in others and sorted(order) == sorted(known):
        for weight in layers[last].parameters():
            weight.data = weight.data[order]
        return
    layers[last].reset_parameters()
    told = ", ".join(known.values())
    warn(f"model.name {name} tells {told}; its last layer begins anew for {', '.join(classes)}")


def settle_tokens(name: str, model: nn.Module, spec: Spec) -> None:
    """Give each token a row in the embedding, where it has none the mean of the others."""
    rows = len(model.get_input_embeddings().weight)
    if spec.vocabulary > rows:
        more = spec.vocabulary - rows
        weight = model.resize_token_embeddings(spec.vocabulary, mean_resizing=False).weight
        weight.data[rows:] = weight.data[:rows].mean(0)
        warn(f"model.name {name} has no row for {more} tokens of {spec.tokenizer}: they are added")
    model.config.pad_token_id = model.config.get_text_config().pad_token_id = spec.padding


def freeze_unused(model: nn.Module) -> None:
    """Leave out of training what no output depends on; several processes would wait for it."""
    tokens = torch.ones(2, 2, dtype=torch.long)
    with torch.enable_grad():  # also where a command has switched it off
        model(input_ids=tokens, attention_mask=tokens).logits.sum().backward()
    for parameter in model.parameters():
        parameter.requires_grad = parameter.grad is not None
    model.zero_grad()

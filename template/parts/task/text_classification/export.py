"""A run's model as a folder that the transformers library reads, as a command."""

# PYTHON_ARGCOMPLETE_OK
from .config import check_arguments, parse_arguments
from .settings.export import Export

if __name__ == "__main__":  # before torch is imported, so that a mistake is told at once
    check_arguments(Export)

from .core.errors import UserError, run_command
from .sources.tokens import open_tokenizer
from .trained import load_model


def main(argv: list[str]) -> None:
    """Write a run's model, its classes and tokenizer to a folder, for `from_pretrained`."""
    given, cfg = parse_arguments(Export, argv)
    if given.folder.exists():
        raise UserError(f"--folder: {given.folder} is there already; name a new one")
    model, spec = load_model(given.run, given.weights, cfg)
    tokenizer = open_tokenizer(spec.tokenizer, spec.words).as_pretrained()
    tokenizer.model_max_length = spec.length  # texts are cut there as in the run
    model.save_pretrained(given.folder)
    tokenizer.save_pretrained(given.folder)
    print(f"{given.folder}: AutoModelForSequenceClassification.from_pretrained reads it")


if __name__ == "__main__":
    run_command(main)

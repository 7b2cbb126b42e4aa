"""Data of one's own for this task, as the commands of a project's README name it."""

import csv
import unicodedata
from pathlib import Path


def write(folder: Path) -> dict[str, Path]:
    """Write a table and a tiny model, and give what each word of the README stands for."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    table = folder / "table" / "train.csv"
    table.parent.mkdir()
    known = [chr(code) for code in range(0x20, 0x3000) if unicodedata.name(chr(code), "")]
    with table.open("w", newline="") as file:
        rows = [(unicodedata.name(c).lower(), unicodedata.category(c)) for c in known]
        kinds = ("Lu", "Ll", "Sm")
        rows = [row for row in rows if row[1] in kinds]
        csv.writer(file).writerows([("text", "label"), *rows[:600]])
    model, words = folder / "model", folder / "words.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "small", "letter"]))
    BertTokenizerFast(vocab=str(words)).save_pretrained(model)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=7, intermediate_size=16, **sizes)
    BertForSequenceClassification(config).save_pretrained(model)
    return {
        "LINES_OR_TABLE": table,
        "TABLE": table,
        "NAME_OR_PATH": table.parent,
        "MODEL": model,
    }

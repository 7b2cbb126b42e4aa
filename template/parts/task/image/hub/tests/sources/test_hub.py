"""The promises of datasets by name or path: they hold what they say, or one line says why not."""

import shutil
from pathlib import Path

import pytest
from test_training import assert_equal

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps"]


def test_a_dataset_is_the_same_in_every_form(train, read, hf_images):
    found = [read(hf=form) for form in ("images", "forms/parquet", "forms/saved")]
    #% if 'folder' in sources %#
    found.append(read(root=hf_images))
    #% endif %#
    assert [len(part["label"]) for part in found[0]] == [24, 10]
    for other in found[1:]:
        assert_equal(found[0], other)
    assert train(*TINY, "--data.hf", "forms/saved") == 0


def test_labels_may_be_texts(read, hf_images):
    for name, split in pytest.importorskip("datasets").load_from_disk("forms/saved").items():
        kinds = [["cat ", "dog"][label] for label in split["label"]]
        rows = split.remove_columns("label").add_column("kind", kinds)
        rows.to_parquet(f"forms/parquet/{name}.parquet")
    assert_equal(read(hf="images"), read(hf="forms/parquet", label="kind"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such/images"], ["no/such/images"]),
        (["forms/parquet", "--data.eval_split", "dev"], ["no split dev", "train, test"]),
        (["damaged"], ["unreadable image row ", "truncated"]),
    ],
    ids=["dataset", "split", "damaged"],
)
def test_names_what_is_wrong_with_a_dataset(module, train, hf_images, shorten, arguments, words):
    shorten(Path(shutil.copytree("images", "damaged"), "test/dog/3.png"))
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.hf", *arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)

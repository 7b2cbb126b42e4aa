"""The promises of datasets by name or path: they hold what they say, or one line says why not."""

import pytest
from test_training import assert_equal

TINY = ["--data.batch_size", "4", "--model.width", "4", "--duration", "12 steps"]
TINY += ["--save_every", "4 steps", "--schedule.warmup", "0 steps", "--data.size", "8"]


def test_a_dataset_is_the_same_in_every_form(train, read, hf_images):
    found = [read(hf=form) for form in ("forms/parquet", "forms/saved")]
    #% if 'folder' in sources %#
    found.append(read(root=hf_images))
    #% endif %#
    assert [len(part["label"]) for part in found[0]] == [24, 10]
    for other in found[1:]:
        assert_equal(found[0], other)
    assert train(*TINY, "--data.hf", "forms/saved") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such/images"], ["no/such/images"]),
        (["forms/parquet", "--data.eval_split", "dev"], ["no split dev", "train, test"]),
        (["forms/parquet", "--data.classes", "[sky, road]"], ["mask ", "holds the class 2"]),
        (["data/train/images"], ["two columns of Image type"]),
    ],
    ids=["dataset", "split", "classes", "columns"],
)
def test_names_what_is_wrong_with_a_dataset(module, train, hf_images, arguments, words):
    with pytest.raises(module("core.errors").UserError) as caught:
        train(*TINY, "--data.hf", *arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)

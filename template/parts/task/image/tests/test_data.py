"""The promises of the data: how new images are read, and in which order samples come."""

from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image


def test_images_are_upright_and_keep_their_light(module):
    """Of every mode: what an orientation tag, 16 bits and transparency say is what is seen."""
    light = np.tile(np.linspace(0, 255, 12).round().astype(np.uint8), (8, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the file has the picture turned to the left by a quarter
    clear = Image.merge("LA", [Image.new("L", (12, 8)), Image.fromarray(255 - light)])
    shown = {
        "8.png": Image.fromarray(light),
        "16.png": Image.fromarray(light.astype(np.uint16) * 257),
        "more/turned.png": Image.fromarray(np.rot90(light).copy()),
        "more/clear.PNG": clear,
    }
    for name, image in shown.items():
        Path("modes", name).parent.mkdir(parents=True, exist_ok=True)
        tags = exif if "turned" in name else Image.Exif()
        image.save(Path("modes", name), exif=tags, format="PNG")
    Path("modes/.hidden.png").write_bytes(b"?")
    Path("modes/notes.txt").write_text("x")
    data = module("data")
    cfg, spec = data.DataConfig(), data.Spec(["a", "b"], 1, 8)
    found = dict(data.read_inputs(Path("modes"), cfg, spec))
    assert sorted(found) == sorted(f"modes/{name}" for name in shown)
    images = torch.cat([batch["image"] for batch in found.values()])
    assert all(torch.equal(images[0], image) for image in images)
    assert images[0, 0, 0].diff().gt(0).all()

    Image.fromarray(light.astype(np.float32) / 255 * 7 - 3).save("modes/32.tif")
    found = dict(data.read_inputs(Path("modes"), cfg, spec))
    assert "32 bits, -3 to 4; say which are black and white" in str(found["modes/32.tif"])
    found = dict(data.read_inputs(Path("modes"), data.DataConfig(range=[-3.0, 4.0]), spec))
    assert torch.equal(found["modes/32.tif"]["image"], images[:1])


@pytest.mark.parametrize("count", [1, 7, 64, 65])
def test_order_is_the_same_on_any_number_of_processes(module, count):
    """Each epoch has each sample once, and each step the same ones, however they are spread."""

    def steps(processes: int, position: tuple[int, int]) -> list[list[int]]:
        plan = partial(module("core.loader").Plan, count, 12 // processes, 2, True, 0)
        plans = [plan() for _ in range(processes)]
        for number, plan in enumerate(plans):
            plan.process, plan.share = number, 12
        order, real = zip(*(plan.lay_out(*position) for plan in plans), strict=True)
        keys = [plan.keys for plan in plans]
        assert all(torch.equal(each, order[0]) for each in order)
        assert all(list(plan) == each.tolist() for plan, each in zip(plans, keys, strict=True))
        assert {each.shape[1] for each in keys} == {12 // processes}
        batches = [
            [key for batch, rows in zip(*parts, strict=True) for key in batch[:rows].tolist()]
            for parts in zip(zip(*keys, strict=True), zip(*real, strict=True), strict=True)
        ]
        assert list(chain(*batches)) == order[0].tolist()
        return [list(chain(*batches[i : i + 2])) for i in range(0, len(batches), 2)]

    first, second = steps(1, (0, 0)), steps(1, (1, 0))
    assert sorted(chain(*first)) == list(range(count))
    assert sorted(chain(*second)) == list(range(count, 2 * count))
    assert first != [[key - count for key in keys] for keys in second] or count == 1
    for processes in (1, 2, 3):
        assert steps(processes, (1, 0)) == second
        if count > 24:
            assert steps(processes, (1, 24)) == second[1:]

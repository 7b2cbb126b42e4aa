"""The promises of random changes: each is the one it says, and each image draws its own."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageOps
from test_training import CURVE, assert_alike, assert_equal, final_state, ledger

COLOURS = torch.randint(256, (6, 3, 40, 48), generator=torch.Generator().manual_seed(0)) / 255
COLOURS[1:3] = COLOURS[1:3].square()
COLOURS[3] = 0.3 + COLOURS[3] / 3
COLOURS = (COLOURS * 255).round() / 255
STRENGTHS = torch.tensor([-1.0, -0.5, 0.1, 0.4, 0.75, 1.0])

ENHANCEMENTS = {
    "brightness": ImageEnhance.Brightness,
    "color": ImageEnhance.Color,
    "contrast": ImageEnhance.Contrast,
    "sharpness": ImageEnhance.Sharpness,
}
EXACT = {
    "identity": lambda image, s: image,
    "invert": lambda image, s: ImageOps.invert(image),
    "posterize": lambda image, s: ImageOps.posterize(image, 8 - round(4 * abs(s))),
    "solarize": lambda image, s: ImageOps.solarize(image, math.ceil(255 * (1 - abs(s)) - 1e-3)),
}


def to_image(pixels: torch.Tensor) -> Image.Image:
    """Return [c, h, w] in [0, 1] as an image of bytes."""
    pixels = (pixels * 255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(pixels.squeeze())


def to_levels(image: Image.Image) -> torch.Tensor:
    """Return an image's pixels [c, h, w], 0 to 255."""
    return torch.from_numpy(np.atleast_3d(np.array(image)).copy()).permute(2, 0, 1).float()


def compare(module, name: str, reference: Callable, near: float, scale: int = 1) -> None:
    """Hold an operation, on colours and on gray, to the one of Pillow, within some levels."""
    for images in (COLOURS, COLOURS[:, :1]):
        images = F.interpolate(images, scale_factor=scale)
        changed = module("extras.auto_augment").OPERATIONS[name](images, STRENGTHS) * 255
        for old, new, strength in zip(images, changed, STRENGTHS.tolist(), strict=True):
            far = new - to_levels(reference(to_image(old), strength))
            assert far.abs().max() <= near, (name, strength)


@pytest.mark.parametrize("name", ENHANCEMENTS)
def test_enhancements_are_those_of_pillow(module, name):
    compare(module, name, lambda x, s: ENHANCEMENTS[name](x).enhance(1 + 0.9 * s), 2)


@pytest.mark.parametrize("name", EXACT)
def test_operations_on_bytes_are_those_of_pillow(module, name):
    compare(module, name, EXACT[name], 1e-3)


def test_contrast_is_stretched_as_by_pillow(module):
    compare(module, "auto_contrast", lambda image, s: ImageOps.autocontrast(image), 1.01)


def test_histogram_is_equalized(module):
    equalize = module("extras.auto_augment").equalize
    # Many pixels, because Pillow divides by whole ones.
    compare(module, "equalize", lambda image, s: ImageOps.equalize(image), 3, scale=6)
    ramp = torch.rand(1, 1, 1, 64).sort()[0] ** 3
    torch.testing.assert_close(equalize(ramp, None), torch.linspace(0, 1, 64).view(1, 1, 1, 64))
    flat = torch.full((1, 1, 8, 8), 0.4)
    for operation in (equalize, module("extras.auto_augment").auto_contrast):
        assert torch.equal(operation(flat, None), flat)


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("rotate", None),
        ("shear_x", lambda s: (1, 0.3 * s, 0, 0, 1, 0)),
        ("shear_y", lambda s: (1, 0, 0, 0.3 * s, 1, 0)),
        ("translate_x", lambda s: (1, 0, 0.45 * 48 * s, 0, 1, 0)),
        ("translate_y", lambda s: (1, 0, 0, 0, 1, 0.45 * 40 * s)),
    ],
)
def test_movements_are_those_of_pillow(module, name, matrix):
    def reference(image: Image.Image, strength: float) -> Image.Image:
        if name == "rotate":
            return image.rotate(30 * strength, Image.Resampling.BILINEAR)
        a, b, c, d, e, f = matrix(strength)
        middle = (c + 24 - a * 24 - b * 20, f + 20 - d * 24 - e * 20)
        terms = (a, b, middle[0], d, e, middle[1])
        return image.transform(image.size, Image.Transform.AFFINE, terms, Image.Resampling.BILINEAR)

    changed = module("extras.auto_augment").OPERATIONS[name](COLOURS, STRENGTHS) * 255
    for old, new, strength in zip(COLOURS, changed, STRENGTHS.tolist(), strict=True):
        far = (new - to_levels(reference(to_image(old), strength))).abs()
        # Only where the edge of the image came to lie, it is smooth here and sharp there.
        assert (far > 2).float().mean() < 0.06, strength


@pytest.mark.parametrize("policy", ["trivial", "rand", "auto"])
def test_each_image_draws_from_its_key_alone(module, policy):
    part = module("extras.auto_augment")
    cfg, keys = part.AutoAugmentConfig(policy=policy), torch.arange(64)
    images = COLOURS[:1].expand(64, -1, -1, -1).clone()
    changed = part.auto_augment(images, keys, cfg, 5)
    assert changed.min() >= 0 and changed.max() <= 1 + 1e-6
    assert len(changed.flatten(1).unique(dim=0)) > 15
    order = torch.randperm(64)
    torch.testing.assert_close(part.auto_augment(images, keys[order], cfg, 5), changed[order])
    torch.testing.assert_close(part.auto_augment(images[:1], keys[9:10], cfg, 5), changed[9:10])
    same = (part.auto_augment(images, keys + 64, cfg, 5) == changed).all((1, 2, 3))
    assert same.sum() < 20


def test_training_is_changed_and_evaluation_is_not(module, monkeypatch):
    data = module("data")
    cfg = data.DataConfig()
    loaders, _ = data.build_loaders(cfg, 0)
    train, evaluation = loaders["train"], loaders["evaluation"]
    changed, tested = (next(loader.groups()).batches[0][0] for loader in (train, evaluation))
    image = evaluation.dataset[tested["key"].tolist()]["image"]
    assert torch.equal(tested["image"], (image / 255 - cfg.mean) / cfg.std)

    monkeypatch.setattr(data, "auto_augment", lambda images, *_: images)
    plain = next(train.groups()).batches[0][0]["image"]
    assert (changed["image"] != plain).any((1, 2, 3)).sum() > 32


def test_same_curve_however_a_step_is_spread(train):
    assert train(*CURVE, "--name", "one") == 0
    spread = ["--data.batch_size", "32", "--optim.accumulate", "2"]
    assert train(*CURVE, *spread, "--name", "spread") == 0
    assert_alike("one", "spread")


def test_policies_resume_bit_for_bit(train):
    settings = ["--data.auto_augment.policy", "auto"]
    assert train(*settings, "--name", "whole") == 0
    assert train(*settings, "--name", "killed", kill_after=42) is None
    assert train(*settings, "--name", "killed") == 0
    assert_equal(final_state("whole"), final_state("killed"))
    assert ledger("whole") == ledger("killed")

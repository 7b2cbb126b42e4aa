"""The promises of the distance: it is the formula's, and tells good images from bad ones."""

import numpy as np
import pytest
import torch


@pytest.fixture
def distance(module):
    """Return a function that gives the distance of the rows of one matrix from another's."""
    module = module("task.frechet")

    def distance(real: torch.Tensor, made: torch.Tensor) -> float:
        return sum(module.frechet(*(module.moments(x, torch.ones(len(x))) for x in (real, made))))

    return distance


@pytest.fixture
def digits(module, config) -> torch.Tensor:
    """Return the training digits, [1437, 1, 8, 8]."""
    loaders, _ = module("data").build_loaders(config.data, config.seed)
    loader = loaders["train"]
    return loader.transform(loader.dataset[list(range(len(loader.dataset)))])["image"]


def test_distance_is_the_formula(distance):
    draw = torch.Generator().manual_seed(0)
    real, made = torch.randn(2, 50, 4, generator=draw).double()
    made = made * torch.tensor([0.5, 1, 2, 3]) + 1
    one, other = (np.cov(x.T.numpy(), bias=True) for x in (real, made))
    means = ((real.mean(0) - made.mean(0)) ** 2).sum().item()
    cross = np.sqrt(np.linalg.eigvals(one @ other).real).sum()
    expected = (means + np.trace(one) + np.trace(other) - 2 * cross) / np.trace(one)
    assert distance(real, made) == pytest.approx(expected, rel=1e-6)
    assert distance(real, real) == pytest.approx(0, abs=1e-6)
    assert distance(real, real.mean(0).expand(9, -1)) == pytest.approx(1)


def test_sums_may_be_of_parts_and_leave_padding_out(module):
    moments, x = module("task.frechet").moments, torch.rand(9, 3)
    parts = moments(x[:4], torch.ones(4)) + moments(x[3:], torch.arange(6) > 0)
    torch.testing.assert_close(moments(x, torch.ones(9)), parts)


def test_it_grows_with_what_is_wrong(module, distance, digits):
    draw = torch.Generator().manual_seed(0)
    noise = 2 * torch.rand(digits.shape, generator=draw) - 1
    covariance = digits.flatten(1).T.cov() + 1e-4 * torch.eye(64)
    gauss = torch.randn(len(digits), 64, generator=draw) @ torch.linalg.cholesky(covariance).T
    gauss = (gauss + digits.flatten(1).mean(0)).clamp(-1, 1).view_as(digits)
    half, rest = digits[::2], digits[1::2]
    others = [rest, rest + 0.3 * noise[1::2], gauss, (rest + rest.flip(0)) / 2, rest[:5], noise]
    extract = module("task.frechet").extract
    found = [distance(extract(half), extract(other)) for other in others]
    assert found[0] < 0.03 and found[0] < found[1] < found[2] < min(found[3:]) and found[5] > 1


def test_filters_are_always_the_same(module, digits):
    features = module("task.frechet").extract(digits[:2])
    module("task.frechet").filters.cache_clear()
    assert torch.equal(module("task.frechet").extract(digits[:2]), features)
    assert module("task.frechet").extract(digits[:2].expand(-1, 3, -1, -1)).shape == (2, 32)

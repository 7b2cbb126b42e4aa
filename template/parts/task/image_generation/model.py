"""The model (yours to change): how it is built, what it makes of a batch, what that is worth.

A class-conditional WGAN-GP (Gulrajani et al., NeurIPS 2017); the critic has a value per class, as
the projection of Miyato and Koyama (ICLR 2018). Generator and critic are two parts of one network
and move in each step, each at its own rate (Heusel et al., NeurIPS 2017; `optim.lr_scale`). One
backward pass serves both: the loss is the critic's, and the gradient that goes on from the critic
to the generator is reversed (Ganin and Lempitsky, ICML 2015), which makes it that of the
generator's own loss. As an optimizer's state belongs to single parameters, this is the same as an
optimizer for each of the two, and is resumed, averaged and spread over processes as any model.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .core.rng import mix, uniform
from .settings.model import ModelConfig
from .sources.images import Spec
from .task.frechet import extract, frechet, moments

NOISE, BETWEEN = mix("noise"), mix("between")


class Generator(nn.Module):
    """From noise [b, noise] and labels [b] to images [b, c, size, size] in [-1, 1]."""

    def __init__(self, cfg: ModelConfig, spec: Spec):
        super().__init__()
        self.classes = len(spec.classes)
        self.sides = [-(-spec.size // 2**stage) for stage in range(cfg.stages, -1, -1)]
        widths = [cfg.width * 2**stage for stage in range(cfg.stages - 1, -1, -1)]
        self.first = nn.Linear(cfg.noise + self.classes, widths[0] * self.sides[0] ** 2)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for width in widths)
        pairs = zip(widths, [*widths[1:], spec.channels], strict=True)
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairs)

    def forward(self, noise: Tensor, label: Tensor) -> Tensor:
        x = self.first(torch.cat([noise, F.one_hot(label, self.classes)], 1))
        x = x.view(len(x), -1, self.sides[0], self.sides[0])
        for norm, conv, side in zip(self.norms, self.convs, self.sides[1:], strict=True):
            x = conv(F.interpolate(F.relu(norm(x)), size=side))
        return x.tanh()


class Critic(nn.Module):
    """From images [b, c, size, size] to how real each is as one of its class, [b, classes]."""

    def __init__(self, cfg: ModelConfig, spec: Spec):
        super().__init__()
        widths = [cfg.width * 2**stage for stage in range(cfg.stages)]
        layers: list[nn.Module] = []
        for inside, outside in zip([spec.channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(inside, outside, 3, 2, 1), nn.LeakyReLU(0.2)]
        features = widths[-1] * (-(-spec.size // 2**cfg.stages)) ** 2
        head = [nn.Flatten(), nn.Dropout(cfg.dropout)]
        # A bias would be the same for images of a class, real or not, and so without a gradient.
        head += [nn.Linear(features, len(spec.classes), bias=False)]
        self.layers = nn.Sequential(*layers, *head)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class GAN(nn.Module):
    """Both players, and what a step needs of them."""

    def __init__(self, cfg: ModelConfig, spec: Spec):
        super().__init__()
        self.noise, self.weight = cfg.noise, cfg.penalty
        self.generator, self.critic = Generator(cfg, spec), Critic(cfg, spec)

    def forward(self, image: Tensor, label: Tensor, draw: Tensor) -> dict[str, Tensor]:
        """Return the critic's values of the images and of as many generated ones.

        The gradient of each `fake` value is right for the critic and reversed for the generator.
        """
        made = self.generator(normal(draw, self.noise), label).float()
        values = self.critic(torch.cat([image, 2 * made.detach() - made]))
        between = torch.lerp(made.detach(), image, uniform(draw, 1, BETWEEN)[:, :, None, None])
        # Unlike torch.autograd's, this gradient can be compiled, and is there in an evaluation.
        slope = torch.func.grad(lambda x: self.of_class(self.critic(x), label).sum())(between)
        penalty = self.weight * (slope.flatten(1).norm(dim=1) - 1).square()
        real, fake = values.chunk(2)
        return {
            "made": made,
            "values": real,
            "real": self.of_class(real, label),
            "fake": self.of_class(fake, label),
            "penalty": penalty,
        }

    def of_class(self, values: Tensor, label: Tensor) -> Tensor:
        return values.gather(1, label[:, None])[:, 0]


def normal(draw: Tensor, count: int) -> Tensor:
    """Return normally distributed numbers [len(draw), count], row i drawn from draw[i]."""
    # In the middle between two of the numbers that `uniform` gives, so that none is infinite.
    return 2**0.5 * torch.erfinv(2 * uniform(draw, count, NOISE) - 1 + 2**-24)


def build_model(cfg: ModelConfig, spec: Spec) -> nn.Module:
    """Return the generator and the critic as one network."""
    return GAN(cfg, spec)


def predict(model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the images made for a batch, and the critic's values of them and of its own."""
    return model(batch["image"], batch["label"], batch["draw"])


def score(outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return one value per example [b] under each name: `loss` is trained on, all are reported.

    `wasserstein` estimates the distance of the generated images from the real ones that is left.
    """
    wasserstein = outputs["real"] - outputs["fake"]
    penalty = outputs["penalty"]
    return {"loss": penalty - wasserstein, "wasserstein": wasserstein, "penalty": penalty}


def tally(outputs: dict[str, Tensor], batch: dict[str, Tensor], real: Tensor) -> dict[str, Tensor]:
    """Return what an evaluation adds up over its batches; `real` [b] is False for padding."""
    return {
        "real": moments(extract(batch["image"]), real),
        "made": moments(extract(outputs["made"]), real),
    }


def summarize(scores: dict[str, float], totals: dict[str, Tensor]) -> dict[str, float]:
    """Return an evaluation's scores, those that only its totals tell among them."""
    return scores | {"frechet": sum(frechet(totals["real"], totals["made"]))}


def report(totals: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return what the evaluate command tells beside the scores."""
    mean, spread = frechet(totals["real"], totals["made"])
    return {"frechet_of": {"mean": mean, "spread": spread}}


def describe(outputs: dict[str, Tensor], batch: dict[str, Tensor], spec: Spec) -> dict[str, Any]:
    """Return how real the critic finds one image [1] as one of each class."""
    values = [round(value, 4) for value in outputs["values"][0].tolist()]
    return {"critic": dict(zip(spec.classes, values, strict=True))}

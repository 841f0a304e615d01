"""What the losses between feature maps must do, each check against loops in numpy; the mutants run them too."""

import math
from types import SimpleNamespace

import numpy as np
import torch

from tests.parts.checks_nce import close, draw


def maps_by_loops(features: np.ndarray, places: list[int], window: int, normed: bool) -> np.ndarray:
    """One image [C H W]."""
    channels, height, width = features.shape
    centred = features - features.mean(axis=(1, 2), keepdims=True)
    maps = []
    for place in places:
        row, column = divmod(place, width)
        if window < height and window < width:
            top = min(max(row - window // 2, 0), height - window)
            left = min(max(column - window // 2, 0), width - window)
            around = [(y, x) for y in range(top, top + window) for x in range(left, left + window)]
        else:
            around = [(y, x) for y in range(height) for x in range(width)]
        one = centred[:, row, column]
        values = []
        for y, x in around:
            two = centred[:, y, x]
            if normed:
                values.append(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
            else:
                values.append(math.tanh(one @ two / channels / 10))
        maps.append(values)
    return np.array(maps)


def check_similarity_maps(m: SimpleNamespace) -> None:
    features, places = 3 * draw(2, 4, 4, 5) + 1, [0, 7, 13, 19]
    for normed in (False, True):
        for window in (2, 3, 4, 64):
            found = m.similarity_maps(features, torch.tensor(places), window, normed)
            for image in range(2):
                close(found[image], maps_by_loops(features[image].numpy(), places, window, normed))


def check_map_loss(m: SimpleNamespace) -> None:
    source, made = draw(2, 3, 10), draw(2, 3, 10, seed=1)
    cosines = []
    for one, two in zip(source.reshape(-1, 10).numpy(), made.reshape(-1, 10).numpy(), strict=True):
        kept = two >= np.sort(two)[::-1][2]
        one, two = one[kept], two[kept]
        cosines.append(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
    cosines = np.array(cosines)
    far = np.abs(1 - cosines)
    assert far.max() > 1 > far.min()
    close(m.map_loss(source, made, False), np.where(far < 1, far**2 / 2, far - 0.5).mean())
    close(m.map_loss(source, made, True), far.mean())


def check_self_similarity_loss(m: SimpleNamespace) -> None:
    source = [draw(2, 3, 4, 4).requires_grad_(True), draw(2, 5, 3, 3, seed=1).requires_grad_(True)]
    made = [draw(2, 3, 4, 4, seed=2).requires_grad_(True), draw(2, 5, 3, 3, seed=3).requires_grad_(True)]
    places = [torch.tensor([0, 5, 11]), torch.tensor([8, 2])]
    found = m.self_similarity_loss(source, made, places, 64, False)
    layers = [
        m.map_loss(m.similarity_maps(one, at, 64, False), m.similarity_maps(two, at, 64, False), False)
        for one, two, at in zip(source, made, places, strict=True)
    ]
    close(found, (layers[0] + layers[1]).detach() / 2)
    found.backward()
    assert source[0].grad is None and float(made[0].grad.abs().max()) > 0
    for normed in (False, True):
        close(m.self_similarity_loss(source, source, places, 64, normed), 0.0, 1e-12)


def check_contrastive_map_loss(m: SimpleNamespace) -> None:
    parts = [draw(2, 3, 6, seed=seed) for seed in range(3)]
    units = [part.numpy() / np.linalg.norm(part.numpy(), axis=2, keepdims=True) for part in parts]
    losses = []
    for image in range(2):
        source, positive, other = (part[image] for part in units)
        for i in range(3):
            logits = [source[i] @ positive[j] / 0.2 for j in range(3)] + [source[i] @ other[j] / 0.2 for j in range(3)]
            logits += [positive[i] @ other[j] / 0.2 for j in range(3)]
            losses.append(-math.log(math.exp(logits[i]) / sum(math.exp(logit) for logit in logits)))
    close(m.contrastive_map_loss(*parts, 0.2), np.mean(losses))


def check_feature_matching(m: SimpleNamespace) -> None:
    made = [[draw(1, 2, seed=scale + layer) for layer in range(3)] for scale in (0, 10)]
    real = [[draw(1, 2, seed=20 + scale + layer).requires_grad_(True) for layer in range(3)] for scale in (0, 10)]
    pairs = [[np.abs((a - b).detach().numpy()).mean() for a, b in zip(*pair, strict=True)] for pair in zip(made, real)]  # noqa: B905
    close(m.feature_matching(made, real), np.mean([sum(scale[:2]) for scale in pairs]))
    assert not m.feature_matching(made, real).requires_grad


def check_perceptual(m: SimpleNamespace) -> None:
    made, real = [draw(2, 3), draw(2, 4, seed=1)], [draw(2, 3, seed=2), draw(2, 4, seed=3)]
    terms = [np.abs((a - b).numpy()).mean() for a, b in zip(made, real, strict=True)]
    close(m.perceptual(made, real, (0.25, 2.0)), 0.25 * terms[0] + 2 * terms[1])
    close(m.LAYER_WEIGHTS, [0.03125, 0.0625, 0.125, 0.25, 1.0], 0)


def check_contextual(m: SimpleNamespace) -> None:
    queries, keys = draw(2, 4, 3), draw(2, 5, 3, seed=1).requires_grad_(True)
    found = m.contextual(queries, keys)
    for image in range(2):
        x, y = queries[image].numpy(), keys[image].detach().numpy()
        x, y = x - y.mean(0), y - y.mean(0)
        x, y = x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)
        share = np.zeros((4, 5))
        for i in range(4):
            distance = 1 - y @ x[i]
            relative = distance / (distance.min() + 1e-5)
            share[i] = np.exp((1 - relative) / 0.5) / np.exp((1 - relative) / 0.5).sum()
        close(found[image], -math.log(np.mean([share[:, j].max() for j in range(5)])), 1e-5)
    assert not found.requires_grad


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]

"""The start, from data alone and without descent: at every layer the teacher's channels that explain most of the
others, each fitted by ridge regression from the small network's own features before."""

import torch
import torch.nn.functional as F

from vgg import LAYERS, MEAN, Vgg

MOST_PATCHES = 20000  # of every four images


def initialise(teacher, widths, images):
    """
    `widths` are the channels of each layer. Returns the network, its features scaled to a mean square of one; the
    teacher's channels that its channels stand for, by layer; and what those channels were divided by.
    """
    before, x = images - MEAN, images - MEAN
    weights, biases, chosen, sizes = [], [], {}, {}
    for layer, width, weight, bias in zip(LAYERS, widths, teacher.weights, teacher.biases):
        if layer[0] > "1" and layer.endswith("_1"):
            before, x = F.max_pool2d(before, 2), F.max_pool2d(x, 2)
        linear = torch.cat([F.conv2d(part, weight, bias, padding=1) for part in before.split(8)])
        before = F.relu(linear)
        flat = before.transpose(0, 1).flatten(1)
        keep = choose(flat @ flat.T / flat.shape[1], width)
        kernel, offset = fit(x, linear[:, keep])
        x = torch.cat([F.relu(F.conv2d(part, kernel, offset, padding=1)) for part in x.split(8)])
        error = (x - before[:, keep]).square().sum() / before[:, keep].square().sum()
        print(f"{layer}: {len(keep)} channels fitted, {100 * error:.1f} % of their energy left over", flush=True)
        size = x.square().mean().sqrt()
        x = x / size
        weights.append(kernel / size)
        biases.append(offset / size)
        chosen[layer], sizes[layer] = keep, size
    return Vgg(weights, biases), chosen, sizes


def choose(moments, count):
    """Pivoted Cholesky: one by one, the channel that explains the largest share of what is left of all."""
    left, largest, chosen = moments.double().clone(), moments.diagonal().max(), []
    for _ in range(count):
        gain = left.square().sum(0) / left.diagonal().clamp_min(1e-9)
        gain[left.diagonal() < 1e-8 * largest] = -1
        gain[chosen] = -2
        best = int(gain.argmax())
        chosen.append(best)
        left -= torch.outer(left[:, best], left[best]) / left[best, best].clamp_min(1e-12)
    return sorted(chosen)


def fit(x, wanted):
    """Kernel and bias that take x nearest to `wanted`, before the ReLU."""
    channels, outputs = x.shape[1], wanted.shape[1]
    inputs = channels * 9 + 1
    normal = torch.zeros(inputs, inputs, dtype=torch.double)
    right = torch.zeros(inputs, outputs, dtype=torch.double)
    for part, goal in zip(x.split(4), wanted.split(4)):
        patches = F.unfold(part, 3, padding=1).transpose(1, 2).flatten(0, 1)
        goal = goal.permute(0, 2, 3, 1).flatten(0, 2)
        if len(patches) > MOST_PATCHES:
            some = torch.randperm(len(patches))[:MOST_PATCHES]
            patches, goal = patches[some], goal[some]
        patches = torch.cat([patches, torch.ones(len(patches), 1)], 1)
        normal += (patches.T @ patches).double()
        right += (patches.T @ goal).double()
    normal += torch.eye(inputs, dtype=torch.double) * normal.diagonal().mean() * 1e-5
    solution = torch.linalg.solve(normal, right).float()
    return solution[:-1].T.reshape(outputs, channels, 3, 3).contiguous(), solution[-1].contiguous()

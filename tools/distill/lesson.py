"""
What is learned: that the small network's channels be the teacher's channels that they stand for, on photographs and
on what the small network itself paints. And how large its losses are beside the teacher's, which scaling then makes good.
"""

import torch

from vgg import CONTENT, STYLE, gram

# relu4_1 is nearly all of a style loss with the default weights, and relu4_2 the whole of the content loss.
IMPORTANCE = {"1_1": 1.0, "2_1": 1.0, "3_1": 1.0, "3_4": 1.0, "4_1": 3.0, "4_2": 1.5, "5_1": 1.0}


def loss(net, groups, sizes):
    """Returns the loss and what it is made of, by layer: squared error over squared features."""
    seen = net.features(torch.cat([g["images"] for g in groups]).float(), set(IMPORTANCE))
    errors = {}
    for layer in IMPORTANCE:
        wanted = torch.cat([g["chosen"][layer] for g in groups]).float() / sizes[layer]
        errors[layer] = (seen[layer] - wanted).square().mean() / wanted.square().mean()
    return sum(IMPORTANCE[layer] * error for layer, error in errors.items()) / len(errors), errors


def losses(seen):
    """How large the six terms are among a group's five pictures: medians, to the style and to the content, [6]."""
    found = []
    for layer in STYLE:
        grams = gram(seen[layer])
        found.append((grams[[0, 2, 3, 4]] - grams[1]).square().mean((1, 2)).log().median())
    found.append((seen[CONTENT][2:] - seen[CONTENT][:1]).square().mean((1, 2, 3)).log().median())
    return torch.stack(found).exp()


@torch.no_grad()
def calibrate(net, groups):
    """By how much each term must be multiplied to be as large as the teacher's: medians over groups, [6]."""
    ratios = [g["losses"] / losses(net.features(g["images"].float(), STYLE + [CONTENT])) for g in groups]
    return torch.stack(ratios).median(0).values

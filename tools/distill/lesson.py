"""
What is learned: that the small network's channels be the teacher's channels that they stand for, and that it find two
pictures' Gram matrices as far apart, and in the same direction, as the teacher does. And how large its losses are beside
the teacher's, which scaling then makes good.
"""

import torch

from vgg import CONTENT, STYLE, gram

# relu4_1 is nearly all of a style loss with the default weights, and relu4_2 the whole of the content loss.
IMPORTANCE = {"2_1": 0.5, "3_1": 1.0, "4_1": 4.0, "4_2": 2.0, "5_1": 0.3}
GRAM, GRAM_IMPORTANCE = "4_1", 1.0


def loss(net, groups, sizes):
    """Returns the loss and what it is made of: by layer, squared error over squared features; and that of the Gram matrices."""
    seen = net.features(torch.cat([g["images"] for g in groups]).float(), set(IMPORTANCE))
    errors, wanted = {}, {}
    for layer in IMPORTANCE:
        wanted[layer] = torch.cat([g["chosen"][layer] for g in groups]).float() / sizes[layer]
        errors[layer] = (seen[layer] - wanted[layer]).square().mean() / wanted[layer].square().mean()
    total = sum(IMPORTANCE[layer] * error for layer, error in errors.items())
    errors["gram"] = gram_error(seen[GRAM], wanted[GRAM], len(groups))
    return total + GRAM_IMPORTANCE * errors["gram"], errors


def gram_error(seen, wanted, groups):
    """
    Where the small network sees no difference to the style any more, the teacher still sees this much of the difference
    that there was between style and content.
    """
    ours, theirs = (gram(features).unflatten(0, (groups, -1)) for features in (seen, wanted))
    away = lambda grams: grams - grams[:, 1:2]
    square = lambda grams: grams.square().sum((2, 3))
    error = square(away(ours) - away(theirs)).mean(1)
    return (error / (square(away(theirs))[:, 0] + 0.1 * square(theirs)[:, 1])).mean()


def losses(seen):
    """How large the six terms are among a group's pictures: medians, to the style and to the content, [6]."""
    found = []
    for layer in STYLE:
        grams = gram(seen[layer])
        found.append((torch.cat([grams[:1], grams[2:]]) - grams[1]).square().mean((1, 2)).log().median())
    found.append((seen[CONTENT][2:] - seen[CONTENT][:1]).square().mean((1, 2, 3)).log().median())
    return torch.stack(found).exp()


@torch.no_grad()
def calibrate(net, groups):
    """By how much each term must be multiplied to be as large as the teacher's: medians over groups, [6]."""
    ratios = [g["losses"] / losses(net.features(g["images"].float(), STYLE + [CONTENT])) for g in groups]
    return torch.stack(ratios).median(0).values

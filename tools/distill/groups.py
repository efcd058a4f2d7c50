"""
What is learned from. A group is a content, a style, and pictures on the way from the one to the other, painted under
the small network as it is: optimising finds just those places where it and the teacher differ. The teacher says what it
sees in all of them.
"""

import torch

from lesson import IMPORTANCE, losses
from vgg import STYLE, TERM_WEIGHTS, targets, terms

STAGES = [3, 8, 16, 30, 55]
AT_ONCE = 8


def gather(net, ratios, images, count):
    """
    `count` groups, [2 + stages, 3, S, S], of fresh contents and styles. Without `ratios`, the pictures are blends and
    noise.
    """
    groups = []
    for _ in range(count // AT_ONCE):
        contents, styles = images.contents(AT_ONCE), images.styles(AT_ONCE)
        if ratios is None:
            pictures = blends(contents, styles, images.random)
        else:
            pictures = walk(net, ratios, contents, styles, contents, images.random)
        groups += together(contents, styles, pictures)
    return groups


def go_on(net, ratios, groups, random):
    """Groups that begin where the given ones end: no walk is ever over, and the network changes under it."""
    found = []
    for i in range(0, len(groups), AT_ONCE):
        old = torch.stack(groups[i : i + AT_ONCE]).float()
        contents, styles, start = old[:, 0], old[:, 1], old[:, -1]
        found += together(contents, styles, walk(net, ratios, contents, styles, start, random))
    return found


def together(contents, styles, pictures):
    return list(torch.stack([contents, styles, *pictures], 1).half())


def label(teacher, chosen, group):
    """What the teacher sees in a group: {images, chosen features by layer, losses [6]}."""
    with torch.no_grad():
        seen = teacher.features(group.float(), set(STYLE) | set(IMPORTANCE))
    return {"images": group, "chosen": {layer: seen[layer][:, chosen[layer]].half() for layer in IMPORTANCE}, "losses": losses(seen)}


def blends(contents, styles, random):
    noise = lambda like: torch.randn_like(like) * random.uniform(3, 30)
    shares = [random.uniform(0.1, 0.9) for _ in STAGES[2:]]
    mixed = [share * contents + (1 - share) * styles + noise(contents) for share in shares]
    return [contents + noise(contents), *mixed, styles.flip(3) + noise(styles)]


def walk(net, ratios, contents, styles, start, random):
    """Pictures at STAGES of Adam from the start, each term weighing more or less than it does by default."""
    weights = TERM_WEIGHTS * ratios * torch.exp(torch.randn(6) / 2)
    with torch.no_grad():
        wanted = targets(net, contents, styles)
    x = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([x], lr=random.choice([4.0, 8.0]), betas=(0.9, 0.99))
    pictures = []
    for step in range(1, max(STAGES) + 1):
        loss = (terms(net, x, wanted) * weights).sum(1)
        (x.grad,) = torch.autograd.grad((loss / loss.detach()).sum(), x)
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-20, 275)
        if step in STAGES:
            pictures.append(x.detach().clone())
    return pictures

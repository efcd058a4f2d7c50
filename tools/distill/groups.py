"""
What is learned from. A group is a content, a style, and three pictures on the way from the one to the other, painted
under the small network as it is: optimising finds just those places where it and the teacher differ. The teacher says
what it sees in all five.
"""

import torch

from lesson import IMPORTANCE, losses
from vgg import STYLE, TERM_WEIGHTS, targets, terms

STAGES = [2, 4, 8, 14, 22, 35, 50]
AT_ONCE = 4


def gather(net, ratios, teacher, chosen, images, count):
    """`count` groups: {images [5, 3, S, S], chosen features by layer, losses [6]}. Without `ratios`, the pictures are blends and noise."""
    groups = []
    for _ in range(count // AT_ONCE):
        contents, styles = images.contents(AT_ONCE), images.styles(AT_ONCE)
        pictures = blends(contents, styles, images.random) if ratios is None else walk(net, ratios, contents, styles, images.random)
        for i in range(AT_ONCE):
            five = torch.stack([contents[i], styles[i], *(p[i] for p in pictures)]).half()
            groups.append({"images": five, **label(teacher, chosen, five.float())})
    return groups


def label(teacher, chosen, images):
    with torch.no_grad():
        seen = teacher.features(images, set(STYLE) | set(IMPORTANCE))
    return {"chosen": {layer: seen[layer][:, chosen[layer]].half() for layer in IMPORTANCE}, "losses": losses(seen)}


def blends(contents, styles, random):
    noise = lambda like: torch.randn_like(like) * random.uniform(3, 30)
    share = random.uniform(0.2, 0.8)
    return [contents + noise(contents), share * contents + (1 - share) * styles, styles.flip(3) + noise(styles)]


def walk(net, ratios, contents, styles, random):
    """Pictures at three stages of Adam from the contents, each term weighing more or less than it does by default."""
    stages = random.sample(STAGES, 3)
    weights = TERM_WEIGHTS * ratios * torch.exp(torch.randn(6) / 2)
    with torch.no_grad():
        wanted = targets(net, contents, styles)
    x = contents.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([x], lr=random.choice([4.0, 8.0]), betas=(0.9, 0.99))
    pictures = []
    for step in range(1, max(stages) + 1):
        loss = (terms(net, x, wanted) * weights).sum(1)
        (x.grad,) = torch.autograd.grad((loss / loss.detach()).sum(), x)
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-20, 275)
        if step in stages:
            pictures.append(x.detach().clone())
    return pictures

"""
Adam, but among inputs that are not correlated. The channels of a ReLU layer, and a kernel's places, all rise and fall
together; a step for each weight by itself then mostly undoes its neighbours'. Here every convolution is turned into the
eigenvectors of its inputs' second moments, Adam steps there, and the result is turned back.
"""

import torch
import torch.nn.functional as F

from vgg import LAYERS, MEAN, Vgg

MOST_PATCHES = 4096  # of every image


@torch.no_grad()
def bases(net, images):
    """For each layer the eigenvectors of its patches' second moments, [inputs, inputs]; the last input is the bias's one."""
    found, x = [], images - MEAN
    for layer, weight, bias in zip(LAYERS, net.weights, net.biases):
        if layer[0] > "1" and layer.endswith("_1"):
            x = F.max_pool2d(x, 2)
        moments = 0
        for part in x.split(1):
            patches = F.unfold(part, 3, padding=1)[0].T
            patches = patches[torch.randperm(len(patches))[:MOST_PATCHES]]
            patches = torch.cat([patches, torch.ones(len(patches), 1)], 1)
            moments = moments + patches.T @ patches
        found.append(torch.linalg.eigh(moments).eigenvectors)
        x = F.relu(F.conv2d(x, weight, bias, padding=1))
    return found


class Descent:
    def __init__(self, net, bases, clip):
        """Takes over `net`, whose parameters change from now on with every step."""
        self.net, self.bases, self.clip = net, bases, clip
        for parameter in net.parameters():
            parameter.requires_grad_(True)
        self.turned = [torch.cat([w.flatten(1), b[:, None]], 1).detach() @ u for w, b, u in zip(net.weights, net.biases, bases)]
        self.adam = torch.optim.Adam(self.turned, betas=(0.9, 0.98))

    def step(self, loss, rate):
        gradients = torch.autograd.grad(loss, self.net.parameters())
        half = len(self.bases)
        for turned, weight, bias, basis in zip(self.turned, gradients[:half], gradients[half:], self.bases):
            turned.grad = torch.cat([weight.flatten(1), bias[:, None]], 1) @ basis
        if not torch.isfinite(torch.nn.utils.clip_grad_norm_(self.turned, self.clip)):
            return
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()
        with torch.no_grad():
            for turned, weight, bias, basis in zip(self.turned, self.net.weights, self.net.biases, self.bases):
                matrix = turned @ basis.T
                weight.copy_(matrix[:, :-1].view_as(weight))
                bias.copy_(matrix[:, -1])

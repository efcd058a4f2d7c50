"""VGG-19 of any widths up to relu5_1, and the terms of the product's default objective on it."""

import torch
import torch.nn.functional as F

import safetensors

BLOCKS = [2, 2, 4, 4, 1]
LAYERS = [f"{b + 1}_{i + 1}" for b, n in enumerate(BLOCKS) for i in range(n)]
STYLE = ["1_1", "2_1", "3_1", "4_1", "5_1"]
CONTENT = "4_2"
MEAN = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
# Of the six terms, STYLE and then CONTENT: the product's defaults.
TERM_WEIGHTS = torch.tensor([100.0] * 5 + [5.0])


class Vgg:
    """`weights` and `biases` of the convolutions in order. Takes RGB 0..255, [N, 3, H, W]."""

    def __init__(self, weights, biases):
        self.weights, self.biases = list(weights), list(biases)

    def parameters(self):
        return self.weights + self.biases

    def features(self, images, wanted):
        """{layer: what its ReLU gives} for the layers in `wanted`, going no deeper than needed."""
        found, x = {}, images - MEAN
        for layer, weight, bias in zip(LAYERS, self.weights, self.biases):
            if layer[0] > "1" and layer.endswith("_1"):
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            if layer in wanted:
                found[layer] = x
            if len(found) == len(wanted):
                break
        return found


def read(path):
    tensors, _ = safetensors.read(path)
    get = lambda kind: [torch.from_numpy(tensors[f"conv{layer}.{kind}"]) for layer in LAYERS]
    return Vgg(get("weight"), get("bias"))


def write(path, net, metadata):
    tensors = {}
    for layer, weight, bias in zip(LAYERS, net.weights, net.biases):
        tensors[f"conv{layer}.weight"], tensors[f"conv{layer}.bias"] = weight.detach().numpy(), bias.detach().numpy()
    safetensors.write(path, tensors, metadata)


def gram(features):
    """[N, C, H, W] to [N, C, C], divided by C·H·W."""
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.transpose(1, 2) / (c * h * w)


def targets(net, contents, styles):
    """What the terms compare with: Gram matrices of the styles, and features of the contents."""
    grams = {layer: gram(f) for layer, f in net.features(styles, STYLE).items()}
    return grams, net.features(contents, [CONTENT])[CONTENT]


def terms(net, images, wanted):
    """Every image's six unweighted losses, [N, 6]."""
    grams, content = wanted
    found = net.features(images, STYLE + [CONTENT])
    losses = [(gram(found[layer]) - grams[layer]).square().mean((1, 2)) for layer in STYLE]
    return torch.stack([*losses, (found[CONTENT] - content).square().mean((1, 2, 3))], 1)


def scaled(net, ratios):
    """
    The same network with each of its six terms multiplied by its ratio, and nothing else changed: ReLU networks are
    homogeneous, so a layer's features may be scaled and the next layer's weights scaled back. A Gram loss is of degree four.
    """
    factors = {layer: float(r) ** 0.25 for layer, r in zip(STYLE, ratios)}
    factors[CONTENT] = float(ratios[-1]) ** 0.5
    weights, biases, before = [], [], 1.0
    for layer, weight, bias in zip(LAYERS, net.weights, net.biases):
        factor = factors.get(layer, before)
        weights.append(weight.detach() * factor / before)
        biases.append(bias.detach() * factor)
        before = factor
    return Vgg(weights, biases)

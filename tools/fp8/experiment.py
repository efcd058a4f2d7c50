"""
Would fp8 do for the GPU's convolutions? They would run at twice bf16's rate (docs/gpu.md), if the picture's final loss
stayed within 1 % of the exact one's. Here the numbers are emulated: operands of convolutions hold only values of the
format, sums are float32, and the default objective and Adam are the product's. What came of it is in docs/gpu.md.

    python3 tools/fp8/experiment.py --weights vgg19.safetensors --pair content.png,style.png --size 128 --out /tmp/fp8

Of every variant it prints the float32 loss of its picture beside float32's own picture's, and how far its gradients
are from float32's at the start and at float32's 100th iterate. It goes on where it stopped: runs in the folder are kept.

As in the engine, in every variant but float32: features are kept in bf16, Gram matrices and losses are made of those;
the first convolution is float32 and takes its gradient in bf16; targets are made with the variant's arithmetic; the
picture is the point with the least loss in that arithmetic. Scales of fp8 are per tensor: weights and gradients by their
largest value, features by the largest of the evaluation before (targets, and the first evaluation, by their own).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "distill"))
import vgg  # noqa: E402
from formats import E4M3, E5M2, bf16, fp8_scaled  # noqa: E402

TV_WEIGHT = 0.001
LEARNING_RATE = 5
KINDS = {"e4m3": E4M3, "e5m2": E5M2}


class Variant(NamedTuple):
    """Formats of the convolutions that have at least `channels` inputs and outputs; the others' is bf16, or float32 if both are."""

    name: str
    forward: str
    backward: str
    channels: int = 64
    late: bool = False  # gradients scaled as features are, which a kernel can do while it writes
    moved: float = 0  # noise added to the start: how far apart two runs end that differ in nothing else

    def formats(self, weight):
        """Of the operands of a convolution, and of its gradient."""
        outputs, inputs = weight.shape[:2]
        if self.forward == "float32":
            return "float32", "float32"
        if inputs == 3:
            return "float32", "bf16"
        fast = min(inputs, outputs) >= self.channels
        return (self.forward, self.backward) if fast else ("bf16", "bf16")


VARIANTS = [
    Variant("float32", "float32", "float32"),
    Variant("float32-moved", "float32", "float32", moved=0.1),
    Variant("bf16", "bf16", "bf16"),
    Variant("e4m3-e4m3", "e4m3", "e4m3"),
    Variant("e4m3-bf16", "e4m3", "bf16"),
    Variant("bf16-e4m3", "bf16", "e4m3"),
    Variant("e4m3-bf16-128", "e4m3", "bf16", 128),
    Variant("e4m3-bf16-256", "e4m3", "bf16", 256),
    Variant("bf16-e4m3-late", "bf16", "e4m3", late=True),
    Variant("bf16-e5m2-late", "bf16", "e5m2", late=True),
]


def rounded(x, form, peak=None):
    if form == "float32":
        return x
    if form == "bf16":
        return bf16(x)
    return fp8_scaled(x, KINDS[form], x.abs().max().item() if peak is None else peak)


class Convolution(torch.autograd.Function):
    """Layer `i` of a network. Both directions have weights of their own; `x` and the gradient are rounded here."""

    @staticmethod
    def forward(ctx, x, net, i, peak):
        ctx.net, ctx.i = net, i
        return F.conv2d(rounded(x, net.forms[i][0], peak), net.operands[i], net.biases[i], padding=1)

    @staticmethod
    def backward(ctx, gradient):
        net, i = ctx.net, ctx.i
        peak = net.gradient_peaks[i] if net.late else None
        net.gradient_peaks[i] = gradient.abs().max().item()
        return F.conv2d(rounded(gradient, net.forms[i][1], peak), net.flipped[i], padding=1), None, None, None


class Kept(torch.autograd.Function):
    """What memory holds of a layer's features."""

    @staticmethod
    def forward(ctx, x):
        return bf16(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Emulated(vgg.Vgg):
    def __init__(self, net, variant):
        super().__init__(net.weights, net.biases)
        self.late = variant.late
        self.exact = variant.forward == "float32"
        self.forms = [variant.formats(w) for w in net.weights]
        self.operands = [rounded(w, forms[0]) for w, forms in zip(net.weights, self.forms)]
        # The first convolution's weights are float32 in both directions.
        self.flipped = [
            rounded(w.flip(2, 3).transpose(0, 1).contiguous(), "float32" if w.shape[1] == 3 else forms[1])
            for w, forms in zip(net.weights, self.forms)
        ]
        # Of the evaluation before; targets leave them alone.
        self.peaks, self.gradient_peaks = [None] * len(net.weights), [None] * len(net.weights)

    def features(self, images, wanted):
        found, x = {}, images - vgg.MEAN
        for i, layer in enumerate(vgg.LAYERS):
            if layer[0] > "1" and layer.endswith("_1"):
                x = F.max_pool2d(x, 2)
            peak = None
            if images.requires_grad:
                peak, self.peaks[i] = self.peaks[i], x.detach().abs().max().item()
            x = F.relu(Convolution.apply(x, self, i, peak))
            if not self.exact:
                x = Kept.apply(x)
            if layer in wanted:
                found[layer] = x
            if len(found) == len(wanted):
                break
        return found


def evaluate(net, picture, wanted):
    """The total loss and its gradient."""
    picture = picture.detach().requires_grad_(True)
    tv = (picture.diff(dim=2).abs().sum() + picture.diff(dim=3).abs().sum()) * TV_WEIGHT
    loss = (vgg.terms(net, picture, wanted)[0] * vgg.TERM_WEIGHTS).sum() + tv
    return loss.item(), torch.autograd.grad(loss, picture)[0]


def load(path, size):
    image = Image.open(path).convert("RGB")
    scale = size / max(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.BICUBIC)
    return torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[None].contiguous()


def save(picture, path):
    values = picture[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
    Image.fromarray(values).save(path)


def optimise(net, start, wanted, iterations):
    """Returns the best point with its loss, and the point of iteration 100."""
    picture = start.clone().requires_grad_(True)
    adam = torch.optim.Adam([picture], lr=LEARNING_RATE)
    least, best, middle = float("inf"), start, start
    for i in range(iterations):
        loss, picture.grad = evaluate(net, picture, wanted)
        if loss < least:
            least, best = loss, picture.detach().clone()
        if i == 100:
            middle = picture.detach().clone()
        adam.step()
    return least, best, middle


def run(variant, full, content, style, iterations, stem):
    """Paints, and writes the point where float32 was half-way, for the others' gradients to be compared at."""
    exact, net = Emulated(full, VARIANTS[0]), Emulated(full, variant)
    torch.manual_seed(0)
    start = content + variant.moved * torch.randn_like(content)
    least, best, middle = optimise(net, start, vgg.targets(net, content, style), iterations)
    save(best, f"{stem}-{variant.name}.png")
    if variant.name == "float32":
        torch.save(middle, f"{stem}-middle.pt")
    else:
        middle = torch.load(f"{stem}-middle.pt")
    exact_targets = vgg.targets(exact, content, style)
    errors = []
    for point in [content, middle]:
        fresh = Emulated(full, variant)
        _, gradient = evaluate(fresh, point, vgg.targets(fresh, content, style))
        _, reference = evaluate(exact, point, exact_targets)
        errors.append(((gradient - reference).norm() / reference.norm()).item())
    return {"loss": evaluate(exact, best, exact_targets)[0], "own": least, "errors": errors}


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--weights", required=True, help="VGG-19, a safetensors file")
parser.add_argument("--pair", required=True, metavar="CONTENT,STYLE", help="two image files")
parser.add_argument("--size", type=int, default=128, help="long side of both")
parser.add_argument("--iterations", type=int, default=200)
parser.add_argument("--variants", nargs="+", default=[v.name for v in VARIANTS], help="float32 is always among them")
parser.add_argument("--out", type=Path, required=True, help="a folder for pictures and results")
parser.add_argument("--threads", type=int, default=1)


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    paths = options.pair.split(",")
    content, style = (load(path, options.size) for path in paths)
    full = vgg.read(options.weights)
    stem = options.out / "-".join([*(Path(path).stem for path in paths), str(options.size)])
    base = None
    print("| variant | loss | against float32's | by its own arithmetic | gradient's error at the start | at iteration 100 |")
    print("| --- |" + " ---: |" * 5)
    for variant in VARIANTS:
        if variant.name != "float32" and variant.name not in options.variants:
            continue
        kept = Path(f"{stem}-{variant.name}.json")
        if not kept.exists():
            kept.write_text(json.dumps(run(variant, full, content, style, options.iterations, stem)))
        result = json.loads(kept.read_text())
        base = base or result["loss"]
        against, own = (f"{100 * (result[key] / base - 1):+.2f} %" for key in ["loss", "own"])
        errors = " | ".join(f"{error:.2g}" for error in result["errors"])
        print(f"| {variant.name} | {result['loss']:.6g} | {against} | {own} | {errors} |", flush=True)


if __name__ == "__main__":
    main()

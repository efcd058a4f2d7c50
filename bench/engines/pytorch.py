"""PyTorch on the CPU, channels-last (the faster layout there), speaking the protocol of ../protocol.mjs.

Autograd gives the gradient with respect to the image alone: the weights ask for none.
"""

import json
import os
import re
import resource
import sys
import time

# OpenMP's threads would spin for a while after their work, in the way of OpenBLAS's own threads and of everything else
# on the machine: on two busy cores that made an iteration five times slower. It must be said before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy
import torch
import torch.nn.functional as functional


class Engine:
    def prepare(self, folder, size, threads, **_):
        torch.set_num_threads(threads)
        with open(os.path.join(folder, "inputs.json")) as file:
            inputs = json.load(file)
        self.objective = inputs["objective"]
        self.mean = torch.tensor(inputs["mean"]).view(1, 3, 1, 1)
        self.std = torch.tensor(inputs["std"]).view(1, 3, 1, 1)
        blob = torch.from_numpy(numpy.fromfile(os.path.join(folder, "weights.bin"), numpy.float32))
        self.layers = []
        for conv in inputs["convolutions"]:
            shape = (conv["outputs"], conv["inputs"], 3, 3)
            count = shape[0] * shape[1] * 9
            weight = blob[conv["weightAt"] : conv["weightAt"] + count].view(shape)
            weight = weight.contiguous(memory_format=torch.channels_last)
            bias = blob[conv["biasAt"] : conv["biasAt"] + shape[0]]
            name = conv["name"].replace("conv", "relu")
            self.layers.append((name, re.search("[2-5]_1$", name) is not None, weight, bias))

        def image(name):
            data = numpy.fromfile(os.path.join(folder, f"{name}-{size}.bin"), numpy.float32)
            # H×W×RGB as it is, is channels-last already.
            return torch.from_numpy(data).view(1, size, size, 3).permute(0, 3, 1, 2)

        with torch.no_grad():
            content = self.objective["contentLayer"]
            self.content = dict(self.features(image("content")))[content]
            self.grams = {
                name: gram(x)
                for name, x in self.features(image("style"))
                if name in self.objective["styleLayers"]
            }
        self.image = image("start").requires_grad_()
        policy = os.environ["OMP_WAIT_POLICY"]
        notes = f"channels-last, {mathematics()}, OMP_WAIT_POLICY={policy}"
        return {"version": torch.__version__, "threads": torch.get_num_threads(), "notes": notes}

    def features(self, image):
        x = (image - self.mean) / self.std
        for name, pooled, weight, bias in self.layers:
            if pooled:
                x = functional.max_pool2d(x, 2)
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1), inplace=True)
            yield name, x

    def iterate(self, **_):
        started = time.perf_counter()
        terms = {}
        for name, x in self.features(self.image):
            if name == self.objective["contentLayer"]:
                loss = functional.mse_loss(x, self.content)
                terms[f"content {name}"] = self.objective["contentWeight"] * loss
            if name in self.objective["styleLayers"]:
                loss = functional.mse_loss(gram(x), self.grams[name])
                terms[f"style {name}"] = self.objective["styleWeight"] * loss
        total = sum(terms.values())
        (self.last,) = torch.autograd.grad(total, self.image)
        losses = {name: term.item() for name, term in terms.items()} | {"total": total.item()}
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "losses": losses, "peakBytes": peak_bytes()}

    def gradient(self, file, **_):
        self.last.permute(0, 2, 3, 1).contiguous().numpy().tofile(file)
        return {}


def gram(x):
    _, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(height * width, channels)
    return rows.t() @ rows / (channels * height * width)


def mathematics():
    """The libraries that do the sums, as far as they can be told: a Gram matrix needs a good BLAS."""
    names = [re.search(r"(?:MKL-DNN|oneDNN) v[\d.]+", torch.__config__.show())]
    found = [match.group() for match in names if match]
    try:
        with open("/proc/self/maps") as maps:
            loaded = re.findall(r"/lib((?:openblas|mkl|blis)[\w.-]*?)\.so", maps.read())
        found += sorted(set(loaded))
    except OSError:
        pass
    return ", ".join(found)


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def main():
    engine = Engine()
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = getattr(engine, message["do"])(**message)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "absent": False}
        print(json.dumps(answer), flush=True)


main()

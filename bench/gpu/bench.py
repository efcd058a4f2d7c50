#!/usr/bin/env python3
"""Builds Scumble for this machine's GPU, checks it, and times it beside PyTorch on the same objective.

    python3 bench/gpu/bench.py [--sizes 256,512,1024,2048] [--iterations 100] [--json gpu.json]

It needs nvcc, CMake and a python3 with torch, and takes less than eight minutes: what there is no time for is left out and
named. The network is VGG-19 with random weights (He 2015), the objective Gatys's with Adam. Both sides read the same
files, and their losses are compared. `--device cpu` runs the same with the CPU engine, to try the script itself.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build-gpu")
CONTENT = "relu4_2"
STYLE = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
CONTENT_WEIGHT = 5
STYLE_WEIGHT = 100
LEARNING_RATE = 2
WARM_UP = 5
MEAN = [123.68, 116.779, 103.939]
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (1, 512)]
PRECISIONS = ["bf16", "tf32", "float32"]
MODES = ["eager", "graphs", "compile"]
TIME_LIMIT = 460  # seconds in all


def convolutions():
    inputs = 3
    for block, (count, outputs) in enumerate(BLOCKS, 1):
        for index in range(1, count + 1):
            yield f"{block}_{index}", inputs, outputs
            inputs = outputs


def write_inputs(folder, sizes):
    """weights.bin (each convolution's weight, then its bias) and content-, style- and start-SIZE.bin."""
    import torch
    import torch.nn.functional as functional

    random = torch.Generator().manual_seed(1)
    with open(os.path.join(folder, "weights.bin"), "wb") as file:
        for _, inputs, outputs in convolutions():
            bound = math.sqrt(6 / (9 * inputs))
            weight = (torch.rand(outputs, inputs, 3, 3, generator=random) * 2 - 1) * bound
            bias = (torch.rand(outputs, generator=random) * 2 - 1) * 0.2
            file.write(weight.numpy().tobytes() + bias.numpy().tobytes())
    for size in sizes:
        for name in ["content", "style", "start"]:
            # Smooth, as photographs are: coarse noise, enlarged, and some fine noise.
            coarse = torch.rand(1, 3, 16, 16, generator=random)
            image = functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)
            image = (image * 215 + 40 * torch.rand(1, 3, size, size, generator=random)).clamp(0, 255)
            image[0].permute(1, 2, 0).contiguous().numpy().tofile(os.path.join(folder, f"{name}-{size}.bin"))


# --- PyTorch, in a process of its own per variant ---


def torch_variant(folder, precision, mode, sizes, iterations, device):
    """Prints one JSON line per size."""
    import numpy
    import torch
    import torch.nn.functional as functional

    cuda = device == "cuda"
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = precision != "float32"
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    blob = torch.from_numpy(numpy.fromfile(os.path.join(folder, "weights.bin"), numpy.float32)).to(device)
    layers = []
    at = 0
    for suffix, inputs, outputs in convolutions():
        weight = blob[at : at + outputs * inputs * 9].view(outputs, inputs, 3, 3)
        at += weight.numel()
        bias = blob[at : at + outputs]
        at += outputs
        layers.append((f"relu{suffix}", weight.contiguous(memory_format=torch.channels_last), bias.clone()))
    del blob
    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)

    def features(image):
        found = {}
        x = image - mean
        for name, weight, bias in layers:
            if name[4] != "1" and name.endswith("_1"):
                x = functional.max_pool2d(x, 2)
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            found[name] = x
        return found

    def gram(x):
        _, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(height * width, channels)
        return (rows.t() @ rows).float() / (channels * height * width)

    def autocast():
        return torch.autocast("cuda" if cuda else "cpu", torch.bfloat16, enabled=precision == "bf16")

    def run(size):
        def picture(name):
            data = numpy.fromfile(os.path.join(folder, f"{name}-{size}.bin"), numpy.float32)
            return torch.from_numpy(data).view(1, size, size, 3).permute(0, 3, 1, 2).to(device)

        with torch.no_grad(), autocast():
            content = features(picture("content"))[CONTENT].clone()
            of_style = features(picture("style"))
            grams = {name: gram(of_style[name]) for name in STYLE}
            del of_style

        def objective(image):
            with autocast():
                found = features(image)
                total = CONTENT_WEIGHT * functional.mse_loss(found[CONTENT].float(), content.float())
                for name in STYLE:
                    total = total + STYLE_WEIGHT * functional.mse_loss(gram(found[name]), grams[name])
            return total

        image = picture("start").clone(memory_format=torch.channels_last).requires_grad_()
        fused = {"fused": True, "capturable": True} if cuda else {}
        adam = torch.optim.Adam([image], lr=LEARNING_RATE, **fused)
        evaluate = torch.compile(objective, mode="reduce-overhead") if mode == "compile" else objective

        def iterate():
            adam.zero_grad(set_to_none=mode != "graphs")
            total = evaluate(image)
            total.backward()
            adam.step()
            return total.detach()

        if cuda:
            torch.cuda.reset_peak_memory_stats()
        first = None
        if mode == "graphs":
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                first = iterate().item()
                for _ in range(WARM_UP - 1):
                    iterate()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                last = iterate()

            def advance():
                graph.replay()
                return last
        else:
            advance = iterate
            first = advance().item()
            for _ in range(WARM_UP - 1):
                advance()
        if cuda:
            torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(iterations):
            total = advance()
        if cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        peak = torch.cuda.max_memory_allocated() if cuda else 0
        return {"size": size, "seconds": seconds, "bytes": peak, "first": first, "last": total.item()}

    for size in sizes:
        try:
            answer = run(size)
        except Exception as error:  # out of memory, or a torch without this mode
            answer = {"size": size, "error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps(answer), flush=True)


# --- the run ---


def say(text):
    print(text, file=sys.stderr, flush=True)


def build(device):
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DSCUMBLE_BENCH=ON"]
    options += ["-DSCUMBLE_CUDA=native", "-DSCUMBLE_TESTS=ON"] if device == "cuda" else ["-DSCUMBLE_CUDA=off"]
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, *options], check=True, stdout=sys.stderr)
    wanted = ["bench_session"] + (["gpu_tests", "bench_cuda"] if device == "cuda" else [])
    command = ["cmake", "--build", BUILD, "--parallel", str(os.cpu_count()), "--target", *wanted]
    subprocess.run(command, check=True, stdout=sys.stderr)


def check():
    found = subprocess.run(["ctest", "--test-dir", BUILD, "-R", "^gpu_", "--output-on-failure"], stdout=sys.stderr)
    return found.returncode == 0


def scumble(folder, size, precision, iterations, limit):
    command = [os.path.join(BUILD, "bench_session"), folder, str(size), precision, str(iterations)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"error": "no time left"}
    if found.returncode != 0:
        return {"error": found.stderr.strip()[-200:]}
    return json.loads(found.stdout)


def pytorch(folder, precision, mode, sizes, iterations, device, limit):
    command = [sys.executable, os.path.abspath(__file__), "--variant", f"{precision}:{mode}", "--folder", folder]
    command += ["--sizes", ",".join(map(str, sizes)), "--iterations", str(iterations), "--device", device]
    missing = "no time left"
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        lines = found.stdout.splitlines()
        if found.returncode != 0:
            missing = (found.stderr.strip().splitlines() or ["it ended early"])[-1][:200]
    except subprocess.TimeoutExpired as error:
        lines = (error.stdout or b"").decode().splitlines()
    answers = {answer["size"]: answer for answer in map(json.loads, lines)}
    return [answers.get(size, {"size": size, "error": missing}) for size in sizes]


def product_rate():
    """Of a large product in bfloat16, by PyTorch: operations per second, the median of nine."""
    import torch

    n = 8192
    a = torch.rand(n, n, device="cuda").bfloat16()
    b = torch.rand(n, n, device="cuda").bfloat16()
    times = []
    for _ in range(10):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        a @ b
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1e-3)
    return 2 * n**3 / sorted(times[1:])[4]


def table(rows, sizes, iterations):
    """Milliseconds per iteration and MB, a row per engine and a column per size."""
    lines = [
        f"Milliseconds per iteration (mean of {iterations}) and peak memory in MB",
        "",
        "| engine | " + " | ".join(f"{size}²" for size in sizes) + " |",
        "|" + "---|" * (len(sizes) + 1),
    ]
    engines = []
    for row in rows:
        if row["engine"] not in engines:
            engines.append(row["engine"])
    for engine in engines:
        cells = {row["size"]: row for row in rows if row["engine"] == engine}
        texts = []
        for size in sizes:
            row = cells[size]
            if "error" in row:
                texts.append("–")
            else:
                texts.append(f"{row['seconds'] / iterations * 1000:.2f}, {row['bytes'] / 1e6:.0f}")
        lines.append(f"| {engine} | " + " | ".join(texts) + " |")
    faults = [f"{row['engine']} at {row['size']}²: {row['error']}" for row in rows if "error" in row]
    return "\n".join(lines + ([""] + faults if faults else []))


def machine(device):
    import torch

    found = {"date": time.strftime("%Y-%m-%d"), "system": platform.platform(), "torch": torch.__version__}
    if device == "cuda":
        command = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        found["gpu"] = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        found["cuda"] = torch.version.cuda
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="512,256,1024,2048", help="in this order, as long as there is time")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--json", help="where to write everything, as JSON")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--variant", help=argparse.SUPPRESS)  # a PyTorch process of this script's own
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        sizes = [int(size) for size in options.sizes.split(",")]
    except ValueError:
        parser.error(f"--sizes must be whole numbers separated by commas, not {options.sizes}")
    if min(sizes) < 16 or options.iterations < 1:
        parser.error("--sizes must be 16 or more, --iterations 1 or more")
    if options.variant:
        precision, mode = options.variant.split(":")
        torch_variant(options.folder, precision, mode, sizes, options.iterations, options.device)
        return 0

    began = time.monotonic()
    left = lambda: TIME_LIMIT - (time.monotonic() - began)
    on_gpu = options.device == "cuda"
    say("building")
    build(options.device)
    checked = check() if on_gpu else None
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(folder, sizes)
        for precision in PRECISIONS if on_gpu else ["cpu"]:
            for size in sizes:
                say(f"scumble {precision} {size}")
                answer = scumble(folder, size, precision, options.iterations, max(1, left()))
                rows.append({"engine": f"scumble {precision}", "size": size, **answer})
        for mode in MODES if on_gpu else ["eager"]:
            for precision in PRECISIONS if on_gpu else ["float32"]:
                say(f"pytorch {precision} {mode}, {left():.0f} s left")
                if left() < 5:
                    answers = [{"size": size, "error": "no time left"} for size in sizes]
                else:
                    answers = pytorch(folder, precision, mode, sizes, options.iterations, options.device, left())
                rows += [{"engine": f"pytorch {precision} {mode}", **answer} for answer in answers]
        kernels = None
        rate = product_rate() if on_gpu else None
        if on_gpu and left() > 10:
            found = subprocess.run([os.path.join(BUILD, "bench_cuda")], capture_output=True, text=True, timeout=left())
            kernels = found.stdout + found.stderr
            say(kernels)

    # The same objective: at the start, before rounding errors grow, all must agree.
    reference = {row["size"]: row["first"] for row in rows if "first" in row and row["engine"].endswith(("float32", "cpu"))}
    for row in rows:
        if "first" in row and row["size"] in reference:
            row["firstRelativeDifference"] = abs(row["first"] / reference[row["size"]] - 1)
    agree = all(row.get("firstRelativeDifference", 0) < 0.02 for row in rows)
    print(table(rows, sizes, options.iterations))
    if checked is not None:
        print(f"\ntests on the GPU: {'passed' if checked else 'FAILED'}")
        print(f"\na product of 8192 x 8192 in bfloat16, by PyTorch: {rate * 1e-12:.0f} TFLOP/s")
    print(f"\nlosses at the start agree within 2 %: {'yes' if agree else 'NO'}")
    if options.json:
        with open(options.json + ".part", "w") as file:
            everything = {"machine": machine(options.device), "iterations": options.iterations, "checked": checked}
            json.dump({**everything, "rows": rows, "kernels": kernels, "productRate": rate}, file, indent=2)
        os.replace(options.json + ".part", options.json)
    return 0 if agree and checked is not False else 1


if __name__ == "__main__":
    sys.exit(main())

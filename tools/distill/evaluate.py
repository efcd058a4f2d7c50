"""Judges networks by their pictures: paints every pair under every network with the `scumble` command, then has the
command score each picture under the full VGG-19. Pictures and scores that are already in the folder are kept."""

import argparse
import json
import subprocess
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, required=True, help="a folder for pictures and scores")
parser.add_argument("--teacher", required=True, help="the full VGG-19, a safetensors file")
parser.add_argument("--network", action="append", default=[], metavar="NAME=FILE", help="a network to judge")
parser.add_argument("--pair", action="append", default=[], metavar="CONTENT,STYLE", help="two image files")
parser.add_argument("--size", type=int, default=256)
parser.add_argument("--iterations", type=int, default=150)
parser.add_argument("--scales", type=int, default=64)
parser.add_argument("--command", default="node dist/cli/main.js", help="the command, from the working folder")
options = parser.parse_args()


def scumble(content, style, weights, picture, *flags):
    """Runs the command; returns the losses of its last iteration."""
    command = options.command.split() + [content, style, "--weights", weights, "--size", str(options.size)]
    command += ["--progress", "json", "-o", str(picture), *flags]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().split("\n")[-1])


def score(content, style, start):
    """The losses of a picture under the teacher, at its own size: the first point that the command evaluates."""
    scratch = options.out / "scratch.png"
    flags = ["--init", str(start), "--scales", "1", "--iterations", "1"]
    return scumble(content, style, options.teacher, scratch, *flags)


def judge(name, weights, content, style):
    stem = options.out / f"{Path(content).stem}-{Path(style).stem}-{name}"
    scores, picture = stem.with_suffix(".json"), stem.with_suffix(".png")
    if not scores.exists():
        start = content
        if name != "start":
            flags = ["--iterations", str(options.iterations), "--scales", str(options.scales)]
            scumble(content, style, weights, picture, *flags)
            start = picture
        scores.write_text(json.dumps(score(content, style, start)))
    return json.loads(scores.read_text())


def total(scores):
    return sum(scores["style"].values())


options.out.mkdir(parents=True, exist_ok=True)
networks = [("start", None), ("vgg19", options.teacher)] + [tuple(n.split("=", 1)) for n in options.network]
for pair in options.pair:
    content, style = pair.split(",")
    print(f"\n{Path(content).stem} in the style of {Path(style).stem}\n")
    print("| picture | share of the fall | content ratio | " + " | ".join(
        f"relu{i}_1" for i in range(1, 6)) + " | content |")
    print("| --- |" + " ---: |" * 8, flush=True)
    found = {}
    for name, weights in networks:
        found[name] = here = judge(name, weights, content, style)
        cells = ["", ""]
        if name != "start":
            fall = (total(found["start"]) - total(here)) / (total(found["start"]) - total(found["vgg19"]))
            ratio = here["content"]["relu4_2"] / found["vgg19"]["content"]["relu4_2"]
            cells = [f"{100 * fall:.1f} %", f"{ratio:.2f}"]
        values = [*here["style"].values(), *here["content"].values()]
        print("| " + " | ".join([name, *cells, *(f"{v:.4g}" for v in values)]) + " |", flush=True)

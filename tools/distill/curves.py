"""Draws the errors of training, as train.py logs them, into an SVG: a line per layer, a point per round."""

import argparse
import json
import math
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("log", type=Path, help="log.json of a training")
parser.add_argument("picture", type=Path, help="the SVG to write")
options = parser.parse_args()

WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT, TOP = 640, 320, 60, 40, 90, 30
COLOURS = ["#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#666666"]

log = json.loads(options.log.read_text())
layers = [name for name in log[0] if name != "total"]
names = {"gram": "Gram relu4_1"}
values = [entry[layer] for entry in log for layer in layers]
low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def place(number, value):
    x = LEFT + (WIDTH - LEFT - RIGHT) * number / max(1, len(log) - 1)
    y = TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / max(1, high - low)
    return x, y


shapes = []
for power in range(low, high + 1):
    _, y = place(0, 10.0**power)
    shapes.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
    shapes.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
for number in range(len(log)):
    x, _ = place(number, 10.0**low)
    shapes.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number + 1}</text>')
label = HEIGHT
for layer, colour in sorted(zip(layers, COLOURS), key=lambda pair: log[-1][pair[0]]):
    points = [place(number, entry[layer]) for number, entry in enumerate(log)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    label = min(points[-1][1], label - 13)
    shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    shapes.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label + 4:.1f}" fill="{colour}">{names.get(layer, f"relu{layer}")}</text>')
shapes.append(f'<text x="{LEFT}" y="18">Squared error over squared features (of the Gram matrices: over the distance to the style), mean of each round</text>')
shapes.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">round</text>')
options.picture.write_text(
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    f'<rect width="100%" height="100%" fill="white"/>{"".join(shapes)}</svg>\n'
)

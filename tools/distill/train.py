"""Distils VGG-19 into a network of other widths: a start by least squares, then rounds of gathering groups and learning
from them. The start and every round end in a saved state and a network; started again, it goes on from there."""

import argparse
import json
import math
import random
from pathlib import Path

import torch

import vgg
from descent import Descent, bases
from groups import gather, go_on, label
from images import Images, read_all
from initialise import initialise
from lesson import calibrate, loss

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--teacher", required=True, help="VGG-19, a safetensors file")
parser.add_argument("--photographs", nargs="+", required=True, help="images, or .tar files of images")
parser.add_argument("--drawings", nargs="+", required=True, help="images that serve as styles only")
parser.add_argument("--config", type=Path, default=Path(__file__).with_name("config.json"))
parser.add_argument("--out", type=Path, required=True, help="folder of the state, the log and the network")
options = parser.parse_args()
config = json.loads(options.config.read_text())
options.out.mkdir(parents=True, exist_ok=True)
torch.set_num_threads(config["threads"])
torch.set_flush_denormal(True)

teacher = vgg.read(options.teacher)
photographs = read_all(options.photographs)
photographs = photographs[: len(photographs) - config["held_back"]]
images = Images(photographs, read_all(options.drawings), config["side"], config["seed"])


def begin():
    seed_round(0)
    groups = gather(None, None, images, config["groups_per_round"])
    some = torch.cat(groups).float()
    some = some[torch.randperm(len(some))[: config["first_images"]]]
    with torch.no_grad():
        net, chosen, sizes = initialise(teacher, config["widths"], some)
    labelled = [label(teacher, chosen, group) for group in groups]
    descent = Descent(net, bases(net, some[:16]), config["clip"])
    mean = vgg.Vgg(*([p.detach().clone() for p in kind] for kind in (net.weights, net.biases)))
    return {"rounds": 0, "descent": descent, "mean": mean, "chosen": chosen, "sizes": sizes,
            "ratios": calibrate(mean, labelled), "groups": labelled, "log": []}


def resume():
    state = torch.load(file)
    return {**state, "groups": [label(teacher, state["chosen"], group) for group in state["groups"]]}


def seed_round(number):
    """A round's chance depends on its number alone, so that going on gives what not stopping would have."""
    torch.manual_seed(config["seed"] + number)
    images.random = random.Random(config["seed"] + number)


def rate(step):
    """Of Adam: rises over the first steps, stays, and falls along a cosine over the second half."""
    share = step / (config["rounds"] * config["steps_per_round"])
    return config["rate"] * min(1, step / config["warm_up"]) * (0.5 + 0.5 * math.cos(math.pi * max(0, 2 * share - 1))) + 2e-6


def learn(state):
    """One round. Returns the means of what the loss is made of."""
    mean, descent, ratios, old = state["mean"], state["descent"], state["ratios"], state["groups"]
    half = config["groups_per_round"] // 2
    fresh = gather(mean, ratios, images, half)
    fresh += go_on(mean, ratios, [g["images"] for g in images.random.sample(old[-4 * half :], half)], images.random)
    old = images.random.sample(old, min(len(old), config["groups_kept"] - len(fresh)))
    state["groups"] = groups = old + [label(teacher, state["chosen"], group) for group in fresh]
    sums = {}
    for i in range(config["steps_per_round"]):
        step = state["rounds"] * config["steps_per_round"] + i + 1
        batch = images.random.sample(groups, config["groups_per_step"])
        total, parts = loss(descent.net, batch, state["sizes"])
        descent.step(total, rate(step))
        decay = min(config["averaging"], step / (step + 10))
        for average, parameter in zip(mean.parameters(), descent.net.parameters()):
            average.lerp_(parameter.detach(), 1 - decay)
        for name, value in {"total": total, **parts}.items():
            sums[name] = sums.get(name, 0) + value.item() / config["steps_per_round"]
    state["ratios"] = calibrate(mean, groups[-len(fresh) :])
    return sums


def save(state):
    # The scale of the content is `content` times the teacher's: what the network cannot see of it, weight makes good.
    ratios = state["ratios"] * torch.tensor([1.0] * 5 + [config["content"]])
    partial = options.out / "partial"
    torch.save({**state, "groups": [group["images"] for group in state["groups"]]}, partial)
    partial.rename(options.out / "state.pt")
    (options.out / "log.json").write_text(json.dumps(state["log"], indent=1))
    vgg.write(partial, vgg.scaled(state["mean"], ratios), config["metadata"])
    partial.rename(options.out / "network.safetensors")


file = options.out / "state.pt"
if file.exists():
    state = resume()
else:
    state = begin()
    save(state)
while state["rounds"] < config["rounds"]:
    seed_round(state["rounds"] + 1)
    state["log"].append(learn(state))
    state["rounds"] += 1
    print(json.dumps({"round": state["rounds"], **{k: round(v, 4) for k, v in state["log"][-1].items()}}), flush=True)
    save(state)

"""Distils VGG-19 into a network of other widths: a start by least squares, then rounds of gathering groups and learning
from them. Every round ends in a saved state and a network; started again, it goes on from there."""

import argparse
import json
import math
import random
from pathlib import Path

import torch

import vgg
from groups import gather
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
images = Images(read_all(options.photographs), read_all(options.drawings), config["side"], config["seed"])


def begin():
    torch.manual_seed(config["seed"])
    third = config["first_images"] // 3
    with torch.no_grad():
        first = torch.cat([images.contents(2 * third), images.styles(third)])
        net, chosen, sizes = initialise(teacher, config["widths"], first)
    return {"rounds": 0, "net": net, "mean": net, "chosen": chosen, "sizes": sizes, "ratios": None,
            "optimizer": None, "groups": [], "log": []}


def seed_round(number):
    """A round's chance depends on its number alone, so that going on gives what not stopping would have."""
    torch.manual_seed(config["seed"] + number)
    images.random = random.Random(config["seed"] + number)


def rate(step):
    """Of Adam: rises over the first steps, then falls along a cosine."""
    share = step / (config["rounds"] * config["steps_per_round"])
    return config["rate"] * min(1, step / config["warm_up"]) * (0.5 + 0.5 * math.cos(math.pi * share)) + 2e-6


def learn(state):
    """One round. Returns the means of what the loss is made of."""
    net, mean = state["net"], state["mean"]
    fresh = gather(mean, state["ratios"], teacher, state["chosen"], images, config["groups_per_round"])
    old = state["groups"]
    old = images.random.sample(old, min(len(old), config["groups_kept"] - len(fresh)))
    state["groups"] = groups = old + fresh
    if state["ratios"] is None:
        state["ratios"] = calibrate(mean, groups)
    parameters = [p.detach().clone().requires_grad_(True) for p in net.parameters()]
    averages = [p.detach().clone() for p in mean.parameters()]
    half = len(parameters) // 2
    net, mean = vgg.Vgg(parameters[:half], parameters[half:]), vgg.Vgg(averages[:half], averages[half:])
    optimizer = torch.optim.Adam(parameters, betas=(0.9, 0.98))
    if state["optimizer"]:
        optimizer.load_state_dict(state["optimizer"])
    sums = {}
    for i in range(config["steps_per_round"]):
        step = state["rounds"] * config["steps_per_round"] + i + 1
        optimizer.param_groups[0]["lr"] = rate(step)
        batch = images.random.sample(groups, 3)
        total, parts = loss(net, batch, state["sizes"])
        optimizer.zero_grad()
        total.backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(parameters, config["clip"])):
            optimizer.step()
        decay = min(config["averaging"], step / (step + 10))
        for average, parameter in zip(averages, parameters):
            average.lerp_(parameter.detach(), 1 - decay)
        for name, value in {"total": total, **parts}.items():
            sums[name] = sums.get(name, 0) + value.item() / config["steps_per_round"]
    state.update(net=net, mean=mean, optimizer=optimizer.state_dict(), ratios=calibrate(mean, groups[-40:]))
    return sums


def save(state):
    partial = options.out / "partial"
    torch.save(state, partial)
    partial.rename(options.out / "state.pt")
    (options.out / "log.json").write_text(json.dumps(state["log"], indent=1))
    vgg.write(partial, vgg.scaled(state["mean"], state["ratios"]), config["metadata"])
    partial.rename(options.out / "network.safetensors")


file = options.out / "state.pt"
state = torch.load(file) if file.exists() else begin()
while state["rounds"] < config["rounds"]:
    seed_round(state["rounds"] + 1)
    state["log"].append(learn(state))
    state["rounds"] += 1
    print(json.dumps({"round": state["rounds"], **{k: round(v, 4) for k, v in state["log"][-1].items()}}), flush=True)
    save(state)

"""What is looked at in training: crops of photographs and of the project's drawings, and textures made here."""

import io
import random
import tarfile

import numpy as np
import torch
from PIL import Image


def read_all(paths):
    """Decodes images, and those in .tar files, in the order of their names."""
    images = []
    for path in paths:
        if path.endswith(".tar"):
            with tarfile.open(path) as tar:
                members = sorted((m for m in tar.getmembers() if m.isfile()), key=lambda m: m.name)
                images += [Image.open(io.BytesIO(tar.extractfile(m).read())).convert("RGB") for m in members]
        else:
            images.append(Image.open(path).convert("RGB"))
    return images


class Images:
    """Contents and styles, squares of `side`; one seed gives one sequence."""

    def __init__(self, photographs, drawings, side, seed):
        self.photographs, self.drawings, self.side = photographs, drawings, side
        self.random = random.Random(seed)

    def contents(self, count):
        return torch.stack([self.crop(self.random.choice(self.photographs)) for _ in range(count)])

    def styles(self, count):
        return torch.stack([self.style() for _ in range(count)])

    def style(self):
        kind = self.random.random()
        if kind < 0.25:
            return self.crop(texture(self.random, 2 * self.side))
        if kind < 0.4:
            return self.crop(self.random.choice(self.drawings))
        return self.crop(self.random.choice(self.photographs))

    def crop(self, image):
        """A square of random size and place, scaled to `side`, half of them mirrored."""
        size = min(*image.size, int(self.side * self.random.choice([1, 1, 1.25, 1.5, 2, 3])))
        x, y = (self.random.randint(0, length - size) for length in image.size)
        part = image.crop((x, y, x + size, y + size)).resize((self.side, self.side), Image.BICUBIC)
        if self.random.random() < 0.5:
            part = part.transpose(Image.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.asarray(part, np.float32)).permute(2, 0, 1).contiguous()


def texture(chance, side):
    """Noise of a random spectrum, direction and colours, at times cut into a few levels."""
    draw = np.random.default_rng(chance.getrandbits(32))
    y, x = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    angle = draw.uniform(0, np.pi)
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    radius = np.hypot(along * np.exp(draw.uniform(0, 2)), across) + 1 / side
    fields = []
    for _ in range(3):
        noise = np.fft.fft2(draw.normal(size=(side, side)))
        field = np.real(np.fft.ifft2(noise * radius ** -draw.uniform(0.3, 2)))
        fields.append((field - field.mean()) / field.std())
    image = np.stack(fields, -1) @ (draw.normal(size=(3, 3)) * draw.uniform(15, 60)) + draw.uniform(50, 205, 3)
    if draw.random() < 0.4:
        levels = draw.integers(2, 6)
        image = np.round(image / 255 * levels) / levels * 255
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))

"""Numbers of fewer bits, as float32 tensors that hold only their values: rounded to nearest, ties to even."""

import math

import torch

# Of the finite values: bits of the fraction, the exponent of the smallest normal number, the largest number.
E4M3 = (3, -6, 448.0)
E5M2 = (2, -14, 57344.0)


def bf16(x):
    return x.bfloat16().float()


def fp8(x, kind):
    """`x` in E4M3 or E5M2; what is too large becomes the largest, as in the GPU's saturating conversions. NaN stays."""
    fraction, lowest, largest = kind
    x = x.clamp(-largest, largest)
    power = (x.view(torch.int32) & 0x7F800000).view(torch.float32)  # 2^exponent, without fraction or sign
    step = power.clamp(min=2.0**lowest) * 2.0**-fraction
    return (x / step).round() * step


def fp8_scaled(x, kind, peak):
    """
    The same with a scale for the whole tensor: the power of two that brings `peak` closest to the largest number from
    below. It costs an exponent's difference and no rounding; larger values saturate.
    """
    if peak == 0:
        return torch.zeros_like(x)
    scale = 2.0 ** math.floor(math.log2(kind[2] / peak))
    return fp8(x * scale, kind) / scale

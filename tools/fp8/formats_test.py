"""python3 tools/fp8/formats_test.py: the formats against their 256 codes, written down as the OCP specification of 8-bit
floating point defines them."""

import unittest

import torch

from formats import E4M3, E5M2, fp8, fp8_scaled


def finite(exponent_bits, fraction_bits, bias, ieee):
    """The values of the positive finite codes, in order. E5M2 keeps its last exponent for ∞ and NaN, E4M3 only its last code."""
    values = []
    for code in range(128):
        exponent, fraction = code >> fraction_bits, code & (1 << fraction_bits) - 1
        if exponent == (1 << exponent_bits) - 1 and (ieee or fraction == (1 << fraction_bits) - 1):
            continue
        if exponent == 0:
            values.append(fraction * 2.0 ** (1 - bias - fraction_bits))
        else:
            values.append((1 + fraction / (1 << fraction_bits)) * 2.0 ** (exponent - bias))
    return values


class Formats(unittest.TestCase):
    cases = [(E4M3, finite(4, 3, 7, False), 127), (E5M2, finite(5, 2, 15, True), 124)]

    def check(self, kind, given, wanted):
        for sign in [1, -1]:
            found = fp8(sign * torch.tensor(given), kind).tolist()
            self.assertEqual(found, [sign * w for w in wanted])

    def test_every_code_is_itself(self):
        for kind, values, count in self.cases:
            self.assertEqual(len(values), count)
            self.assertEqual(values[-1], kind[2])
            self.check(kind, values, values)

    def test_between_codes_the_nearer_one_and_of_two_the_even_one(self):
        for kind, values, _ in self.cases:
            for code, (low, high) in enumerate(zip(values, values[1:])):
                middle = torch.tensor((low + high) / 2)
                below = torch.nextafter(middle, torch.tensor(0.0)).item()
                above = torch.nextafter(middle, torch.tensor(1e9)).item()
                self.check(kind, [below, middle.item(), above], [low, high if code % 2 else low, high])

    def test_large_values_saturate_and_nan_stays(self):
        for kind, values, _ in self.cases:
            largest = values[-1]
            self.check(kind, [largest * 1.01, largest * 8, float("inf")], [largest] * 3)
            self.assertTrue(fp8(torch.tensor([float("nan")]), kind).isnan().all())

    def test_any_value_goes_to_its_nearest(self):
        draw = torch.Generator().manual_seed(0)
        for kind, values, _ in self.cases:
            codes = torch.tensor(values, dtype=torch.float64)
            x = torch.exp2(24 * torch.rand(5003, generator=draw) - 15).clamp(max=kind[2])
            distance = (x.double()[:, None] - codes).abs().min(1).values
            self.assertTrue(torch.equal((fp8(x, kind).double() - x.double()).abs(), distance))

    def test_a_scale_brings_the_peak_just_below_the_largest(self):
        x = torch.tensor([1000.0, 3.0, -1e-9, 0.0])
        # 448 / 1000 rounded down to 1/4: 1000 becomes 250, whose nearest is 256.
        self.assertEqual(fp8_scaled(x, E4M3, 1000.0).tolist(), [1024.0, 3.0, 0.0, 0.0])
        self.assertEqual(fp8_scaled(x, E4M3, 0).tolist(), [0.0] * 4)


unittest.main()

// half.h: all 65536 patterns of float16 and of bfloat16, against their definition.
#include "../cpp/core/half.h"

#include <cmath>

#include "check.h"

namespace {

// sign, `exponents` bits of exponent, the rest mantissa, as IEEE 754 defines a binary format.
double value_of(int bits, int exponents) {
  const int mantissas = 15 - exponents;
  const int mantissa = bits & ((1 << mantissas) - 1);
  const int exponent = (bits >> mantissas) & ((1 << exponents) - 1);
  const int bias = (1 << (exponents - 1)) - 1;
  double magnitude = 0;
  if (exponent == (1 << exponents) - 1) {
    magnitude = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, 1 - bias - mantissas);
  } else {
    magnitude = std::ldexp((1 << mantissas) + mantissa, exponent - bias - mantissas);
  }
  return bits >= 0x8000 ? -magnitude : magnitude;
}

template <typename Convert>
void check_all(int exponents, const Convert& convert) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    check::at() = "pattern " + std::to_string(bits);
    const double expected = value_of(bits, exponents);
    const double found = static_cast<double>(convert(static_cast<uint16_t>(bits)));
    CHECK(std::isnan(expected) ? std::isnan(found) : found == expected);
    CHECK(std::signbit(found) == (bits >= 0x8000));
  }
}

}  // namespace

TEST(float16) {
  check_all(5, scumble::float16_to_float);
}

TEST(bfloat16) {
  check_all(8, scumble::bfloat16_to_float);
}

// Every bfloat16 comes back; what lies between two goes to the nearer, and from the middle to the even one.
TEST(to_bfloat16) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    check::at() = "pattern " + std::to_string(bits);
    const float exact = scumble::bfloat16_to_float(static_cast<uint16_t>(bits));
    const uint16_t back = scumble::float_to_bfloat16(exact);
    if (std::isnan(exact)) {
      CHECK(std::isnan(scumble::bfloat16_to_float(back)));
      continue;
    }
    CHECK(back == bits);
    if (std::isinf(exact)) continue;
    const auto between = [&](uint32_t low) {
      return scumble::float_to_bfloat16(scumble::from_bits(bits << 16 | low));
    };
    CHECK(between(0x7fff) == bits);
    CHECK(between(0x8001) == bits + 1);
    CHECK(between(0x8000) == bits + (bits & 1));
  }
}

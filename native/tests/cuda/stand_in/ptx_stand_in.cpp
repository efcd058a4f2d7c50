#include "ptx_stand_in.h"

#if defined(__clang__)
#define SCUMBLE_UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#else
#define SCUMBLE_UNCHECKED __attribute__((no_sanitize_address, no_sanitize_undefined))
#endif

namespace stand_in {
namespace {

constexpr unsigned kAll = 0xffffffffu;
constexpr int kLanes = 32;

// Thread T holds, of each matrix, elements 2 (T % 4) and one more of row T / 4 (transposed: of column T / 4).
template <bool kTransposed>
void load_all(Lane* lanes, unsigned) {
  const Shared memory = shared();
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t elements[8][8];
    for (int row = 0; row < 8; ++row) {
      uint32_t address = 0;
      std::memcpy(&address, lanes[matrix * 8 + row].in, sizeof address);
      if (address % 16 != 0) fault("ldmatrix from a misaligned address in shared memory, %u", address);
      if (size_t{address} + 16 > memory.bytes) {
        fault("ldmatrix from %u ... %u of %zu bytes of shared memory", address, address + 16, memory.bytes);
      }
      std::memcpy(elements[row], memory.at + address, 16);
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      const int major = lane / 4;
      const int minor = lane % 4 * 2;
      const uint16_t low = kTransposed ? elements[minor][major] : elements[major][minor];
      const uint16_t high = kTransposed ? elements[minor + 1][major] : elements[major][minor + 1];
      static_cast<uint32_t*>(lanes[lane].out)[matrix] = low | static_cast<uint32_t>(high) << 16;
    }
  }
}

const Collective kLoad = {"ldmatrix", load_all<false>};
const Collective kLoadTransposed = {"ldmatrix.trans", load_all<true>};

struct Operands {
  const uint32_t* a;
  const uint32_t* b;
};

// The products are exact and so, but for one rounding at the end, is the sum; the manual promises no less
// than float32.
template <int kDepth>
SCUMBLE_UNCHECKED void multiply(Lane* lanes, const float (&a)[16][kDepth], const float (&b)[kDepth][8]) {
  double d[16][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const float* from = static_cast<const float*>(lanes[lane].out);
    for (int i = 0; i < 4; ++i) d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] = static_cast<double>(from[i]);
  }
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < kDepth; ++k) {
      const double factor = static_cast<double>(a[row][k]);
      for (int column = 0; column < 8; ++column) d[row][column] += factor * static_cast<double>(b[k][column]);
    }
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    float* to = static_cast<float*>(lanes[lane].out);
    for (int i = 0; i < 4; ++i) to[i] = static_cast<float>(d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2]);
  }
}

SCUMBLE_UNCHECKED float bits_as_float(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// bfloat16, k = 16: register i of a has two neighbouring elements of row T / 4 + 8 (i % 2), from column
// 2 (T % 4) + 8 (i / 2); register i of b those of column T / 4, from row 2 (T % 4) + 8 i.
SCUMBLE_UNCHECKED void multiply_bf16(Lane* lanes, unsigned) {
  float a[16][16];
  float b[16][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const Operands* operands = static_cast<const Operands*>(lanes[lane].in);
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i % 2 * 8;
      const int column = lane % 4 * 2 + i / 2 * 8;
      a[row][column] = bits_as_float(operands->a[i] << 16);
      a[row][column + 1] = bits_as_float(operands->a[i] & 0xffff0000u);
    }
    for (int i = 0; i < 2; ++i) {
      const int row = lane % 4 * 2 + i * 8;
      b[row][lane / 4] = bits_as_float(operands->b[i] << 16);
      b[row + 1][lane / 4] = bits_as_float(operands->b[i] & 0xffff0000u);
    }
  }
  multiply<16>(lanes, a, b);
}

// TF32, k = 8: register i of a is element (T / 4 + 8 (i % 2), T % 4 + 4 (i / 2)), register i of b element
// (T % 4 + 4 i, T / 4). Of an operand the lowest 13 bits are not looked at.
SCUMBLE_UNCHECKED void multiply_tf32(Lane* lanes, unsigned) {
  float a[16][8];
  float b[8][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const Operands* operands = static_cast<const Operands*>(lanes[lane].in);
    for (int i = 0; i < 4; ++i) {
      a[lane / 4 + i % 2 * 8][lane % 4 + i / 2 * 4] = bits_as_float(operands->a[i] & 0xffffe000u);
    }
    for (int i = 0; i < 2; ++i) b[lane % 4 + i * 4][lane / 4] = bits_as_float(operands->b[i] & 0xffffe000u);
  }
  multiply<8>(lanes, a, b);
}

const Collective kBf16K16 = {"mma.m16n8k16.bf16", multiply_bf16};
const Collective kTf32K8 = {"mma.m16n8k8.tf32", multiply_tf32};

void multiply_with(const Collective& operation, float* d, const uint32_t* a, const uint32_t* b) {
  const Operands operands{a, b};
  collective({&operation, kAll, &operands, d, 0, 0, 0});
}

}  // namespace

void load_matrices(uint32_t* registers, bool transposed, uint32_t address) {
  collective({transposed ? &kLoadTransposed : &kLoad, kAll, &address, registers, 0, 0, 0});
}

void multiply_bf16_k16(float* d, const uint32_t* a, const uint32_t* b) {
  multiply_with(kBf16K16, d, a, b);
}
void multiply_tf32_k8(float* d, const uint32_t* a, const uint32_t* b) {
  multiply_with(kTf32K8, d, a, b);
}

uint32_t to_tf32(float value) {
  const uint32_t bits = __float_as_uint(value);
  if (value != value) return 0x7fffe000u;
  if ((bits & 0x7fffffffu) == 0x7f800000u) return bits;
  return (bits + 0x1000u) & 0xffffe000u;
}

uint32_t shared_address(const void* at) {
  const Shared memory = shared();
  const uintptr_t first = reinterpret_cast<uintptr_t>(memory.at);
  const uintptr_t place = reinterpret_cast<uintptr_t>(at);
  if (place < first || place > first + memory.bytes)
    fault("a shared address of what is not in shared memory");
  return static_cast<uint32_t>(place - first);
}

}  // namespace stand_in

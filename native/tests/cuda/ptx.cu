// Every function of ptx.h, on the stand-in and on a GPU alike: fragments are filled by the tables of the PTX
// ISA manual, written down here once more, and products compared with the plain product of matrices whose
// elements all differ. Everything is a whole number that the types hold exactly, so results must be equal.
#include <numeric>

#include "../../cuda/ops/launch.h"
#include "../../cuda/ptx/ptx.h"
#include "../check.h"
#include "orders.h"

using namespace scumble::cuda;
using device::Array;

namespace {

// Where element i of a lane's fragment lies. (group and member: lane / 4 and lane % 4, as in the manual.)
struct Element {
  int row;
  int column;
};
using Table = Element (*)(int group, int member, int i);

Element bf16_k16_a(int group, int member, int i) {
  const bool upper = i < 2 || (i >= 4 && i < 6);
  return {upper ? group : group + 8, i < 4 ? member * 2 + (i & 1) : member * 2 + (i & 1) + 8};
}
Element bf16_k16_b(int group, int member, int i) {
  return {i < 2 ? member * 2 + (i & 1) : member * 2 + (i & 1) + 8, group};
}
Element tf32_k8_a(int group, int member, int i) {
  return {i == 0 || i == 2 ? group : group + 8, i < 2 ? member : member + 4};
}
Element tf32_k8_b(int group, int member, int i) {
  return {i == 0 ? member : member + 4, group};
}
Element accumulator(int group, int member, int i) {
  return {i < 2 ? group : group + 8, member * 2 + (i & 1)};
}

// A kind of mma.sync, with its operands' elements per lane.
struct Kind {
  const char* name;
  int depth;
  bool bf16;
  int a_elements;
  int b_elements;
  Table a;
  Table b;
};
const Kind kKinds[] = {
    {"m16n8k16 bf16", 16, true, 8, 4, bf16_k16_a, bf16_k16_b},
    {"m16n8k8 tf32", 8, false, 4, 2, tf32_k8_a, tf32_k8_b},
};

uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Registers of all lanes, four or two each: [lane][register].
std::vector<uint32_t> fragments(const std::vector<float>& matrix, int columns, bool bf16, int elements,
                                Table table, int registers) {
  std::vector<uint32_t> made(static_cast<size_t>(32 * registers));
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < elements; ++i) {
      const Element at = table(lane / 4, lane % 4, i);
      const uint32_t bits = bits_of(matrix[static_cast<size_t>(at.row * columns + at.column)]);
      uint32_t& word = made[static_cast<size_t>(lane * registers + (bf16 ? i / 2 : i))];
      word |= !bf16 ? bits : i % 2 == 0 ? bits >> 16 : bits & 0xffff0000u;
    }
  }
  return made;
}

__global__ void multiply(int kind, const uint32_t* a, const uint32_t* b, float* d) {
  const int lane = static_cast<int>(threadIdx.x);
  const uint32_t a4[4] = {a[lane * 4], a[lane * 4 + 1], a[lane * 4 + 2], a[lane * 4 + 3]};
  const uint32_t b2[2] = {b[lane * 2], b[lane * 2 + 1]};
  float sum[4] = {d[lane * 4], d[lane * 4 + 1], d[lane * 4 + 2], d[lane * 4 + 3]};
  if (kind == 0) mma_bf16_16816(sum, a4, b2);
  if (kind == 1) mma_tf32_1688(sum, a4, b2);
  for (int i = 0; i < 4; ++i) d[lane * 4 + i] = sum[i];
}

std::vector<float> counting(int n, int first, int step) {
  std::vector<float> values(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<size_t>(i)] = static_cast<float>(first + step * i);
  return values;
}

std::vector<float> multiplied(int kind, const std::vector<uint32_t>& a, const std::vector<uint32_t>& b,
                              const std::vector<float>& d) {
  const Array<uint32_t> on_a(a);
  const Array<uint32_t> on_b(b);
  const Array<float> on_d(d);
  launch(multiply, dim3(1), dim3(32), 0, nullptr, kind, on_a.get(), on_b.get(), on_d.get());
  device::wait();
  return on_d.values();
}

// Shared memory is the numbers 0, 1, 2 ... of 16 bits. Lane i reads the row rows[i].
__global__ void load(const uint32_t* rows, uint32_t* out, bool transposed) {
  uint16_t* shared = shared_memory<uint16_t>();
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 32 * 8; i += 32) shared[i] = static_cast<uint16_t>(i);
  __syncwarp();
  const uint32_t address = shared_address(shared + rows[lane] * 8);
  uint32_t r[4];
  if (transposed) {
    ldmatrix_x4_trans(r, address);
  } else {
    ldmatrix_x4(r, address);
  }
  for (int i = 0; i < 4; ++i) out[lane * 4 + i] = r[i];
}

// Two groups of copies, of 16 bytes of which `filled` come from memory, and of 16; what has landed after each is stored.
__global__ void copy(const float* in, float* out, int filled) {
  float* shared = shared_memory<float>();
  const uint32_t to = shared_address(shared);
  cp_async(to, in, filled);
  cp_async_commit();
  cp_async(to + 16, in + 4);
  cp_async_commit();
  cp_async_wait<1>();
  for (int i = 0; i < 4; ++i) out[i] = shared[i];
  cp_async_wait<0>();
  for (int i = 4; i < 8; ++i) out[i] = shared[i];
}

__global__ void round_all(const float* in, uint32_t* out) {
  out[threadIdx.x] = to_tf32(in[threadIdx.x]);
}

}  // namespace

TEST(products_of_fragments) {
  for (int kind = 0; kind < 2; ++kind) {
    const Kind& k = kKinds[kind];
    check::at() = k.name;
    const std::vector<float> a = counting(16 * k.depth, 1 - 8 * k.depth, 1);
    const std::vector<float> b = counting(k.depth * 8, 3, 1);
    std::vector<float> start(32 * 4);
    std::vector<double> expected(32 * 4);
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        const Element at = accumulator(lane / 4, lane % 4, i);
        const size_t n = static_cast<size_t>(lane * 4 + i);
        start[n] = static_cast<float>(1000 * at.row + 10 * at.column);
        expected[n] = static_cast<double>(start[n]);
        for (int j = 0; j < k.depth; ++j) {
          expected[n] += static_cast<double>(a[static_cast<size_t>(at.row * k.depth + j)]) *
                         static_cast<double>(b[static_cast<size_t>(j * 8 + at.column)]);
        }
      }
    }
    const auto fragments_a = fragments(a, k.depth, k.bf16, k.a_elements, k.a, 4);
    const auto fragments_b = fragments(b, 8, k.bf16, k.b_elements, k.b, 2);
    device::in_every_order(
        [&] { CHECK_ALL_CLOSE(multiplied(kind, fragments_a, fragments_b, start), expected, 0); });
  }
}

// A few places read off the manual's figures, so that the tables above are not only consistent.
TEST(places_in_the_manuals_figures) {
  const auto is = [](Element at, int row, int column) { return at.row == row && at.column == column; };
  CHECK(is(bf16_k16_a(0, 0, 1), 0, 1) && is(bf16_k16_a(0, 0, 2), 8, 0) && is(bf16_k16_a(0, 0, 4), 0, 8));
  CHECK(is(bf16_k16_a(7, 3, 7), 15, 15) && is(bf16_k16_a(1, 1, 6), 9, 10));
  CHECK(is(bf16_k16_b(0, 0, 2), 8, 0) && is(bf16_k16_b(7, 3, 3), 15, 7) && is(bf16_k16_b(1, 0, 1), 1, 1));
  CHECK(is(tf32_k8_a(0, 0, 1), 8, 0) && is(tf32_k8_a(0, 0, 2), 0, 4) && is(tf32_k8_a(7, 3, 3), 15, 7));
  CHECK(is(tf32_k8_b(0, 1, 0), 1, 0) && is(tf32_k8_b(7, 3, 1), 7, 7));
  CHECK(is(accumulator(0, 0, 1), 0, 1) && is(accumulator(0, 3, 2), 8, 6) && is(accumulator(7, 3, 3), 15, 7));
}

TEST(matrices_from_shared_memory) {
  // No two rows in order, and the next matrix not after the last.
  std::vector<uint32_t> rows(32);
  for (uint32_t i = 0; i < 32; ++i) rows[i] = (i * 11 + 5) % 32;
  const Array<uint32_t> on_rows(rows);
  device::in_every_order([&] {
    for (const bool transposed : {false, true}) {
      const Array<uint32_t> out(32 * 4);
      launch(load, dim3(1), dim3(32), 32 * 16, nullptr, on_rows.get(), out.get(), transposed);
      device::wait();
      const std::vector<uint32_t> found = out.values();
      for (uint32_t lane = 0; lane < 32; ++lane) {
        for (uint32_t matrix = 0; matrix < 4; ++matrix) {
          uint32_t expected[2];
          for (uint32_t e = 0; e < 2; ++e) {
            const uint32_t major = lane / 4;
            const uint32_t minor = lane % 4 * 2 + e;
            expected[e] =
                transposed ? rows[matrix * 8 + minor] * 8 + major : rows[matrix * 8 + major] * 8 + minor;
          }
          CHECK(found[lane * 4 + matrix] == (expected[0] | expected[1] << 16));
        }
      }
    }
  });
}

TEST(asynchronous_copies) {
  const Array<float> in(counting(8, 1, 1));
  device::in_every_order([&] {
    for (const int filled : {0, 4, 8, 12, 16}) {
      const Array<float> out(std::vector<float>(8, -1));
      launch(copy, dim3(1), dim3(1), 32, nullptr, in.get(), out.get(), filled);
      device::wait();
      std::vector<double> expected = {1, 2, 3, 4, 5, 6, 7, 8};
      for (int i = filled / 4; i < 4; ++i) expected[static_cast<size_t>(i)] = 0;
      CHECK_ALL_CLOSE(out.values(), expected, 0);
    }
  });
}

TEST(rounding_to_tf32) {
  const std::vector<float> in = {
      1, -1,          0x1.001p0f,    -0x1.001p0f, 0x1.0008p0f,   0x1.002p0f, 0x1.fffp0f, 0x1.ffep5f,
      0, 0x1.0018p0f, 0x1.000ffep0f, 3e38f,       0x1.003p-126f, -0x1.7p10f, INFINITY,   0x1.005p0f};
  const Array<float> on_in(in);
  const Array<uint32_t> out(in.size());
  launch(round_all, dim3(1), dim3(static_cast<unsigned>(in.size())), 0, nullptr, on_in.get(), out.get());
  device::wait();
  const std::vector<uint32_t> found = out.values();
  for (size_t i = 0; i < in.size(); ++i) {
    float value;
    const uint32_t upper = found[i] & 0xffffe000u;  // the rest means nothing
    memcpy(&value, &upper, sizeof value);
    int exponent = 0;
    std::frexp(static_cast<double>(in[i]), &exponent);
    const double unit = std::ldexp(1.0, exponent - 11);  // of ten bits after the first
    const double exact = std::isinf(in[i])
                             ? static_cast<double>(in[i])
                             : std::round(static_cast<double>(in[i]) / unit) * unit;  // ties away
    CHECK(static_cast<double>(value) == exact);
  }
}

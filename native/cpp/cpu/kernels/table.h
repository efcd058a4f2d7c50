// Declarations of every kernel in the namespace of the instruction set at hand; table.cpp collects them.
#pragma once

#include "../kernels.h"
#include "simd.h"

namespace scumble::cpu::SCUMBLE_ISA {

void product(const Product& p, int block_index, int y0, int y1);
// product() without the border.
void product_rows(const Product& p, int block_index, int y0, int y1);
void winograd(const Product& p, int tile0, int tile1, int block0, int block1, float* scratch);
size_t winograd_scratch(int tile, int inputs, int tiles);
void first_back(const Product& p, int y0, int y1, float* scratch);
size_t first_back_scratch(int width);
void gram(const Tensor& features, int block_index, int i0, int i1, int y0, int y1, double* sums);
void input(const float* picture, const Tensor& out, const int* order, const float* scale, const float* shift,
           bool replicate, int y0, int y1);
void input_back(const Tensor& gradient, float* picture, const int* order, const float* scale, int y0, int y1);
void relu(const Tensor& in, const Tensor& out, int y0, int y1);
void relu_back(const Tensor& in, const float* positive, const Tensor& out, const float* mask, bool accumulate,
               int y0, int y1);
void pool(int kind, const Tensor& in, const Tensor& out, int y0, int y1);
void pool_back(int kind, const Tensor& gradient, const Tensor& in, const Tensor& out, const float* mask,
               bool accumulate, int y0, int y1);
double content(const Tensor& in, const float* target, const Tensor& out, const float* mask, bool accumulate,
               float scale, int y0, int y1);
double difference(const float* a, const float* b, float* out, float scale, size_t n);
double tv(const float* picture, int width, int height, float* gradient, float weight, int y0, int y1);
double sum_abs(const float* v, size_t n);
void products(const float* const* left, int lefts, const float* const* right, int rights, size_t n,
              double* out);
void combine(float* to, const float* const* terms, const double* coefficients, int count, size_t n);
void adam(float* x, const float* gradient, float* m, float* v, double beta1, double beta2, float step,
          float correction, float epsilon, size_t n);
void blend_rows(float* to, const float* const* from, const float* weights, int taps, size_t n);

// Zeroes the border beside the rectangle [y0, y1) x [x0, x1), corners included, in `count` channels from c0;
// only what lies along the tensor's edge has any.
void clear_border(const Tensor& t, int y0, int y1, int x0, int x1, int c0, int count);
// The same for whole rows and all channels.
void clear_border(const Tensor& t, int y0, int y1);

}  // namespace scumble::cpu::SCUMBLE_ISA

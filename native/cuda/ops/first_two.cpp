// The network's first two convolutions at once, with the first one's Gram matrix where it is wanted next and the
// second one's pool: where no kernel does that, the operations one by one.
#include "../sm90/sm90.h"
#include "gram.h"
#include "steps.h"

namespace scumble::cuda {

bool convolve_first_two(const FirstTwo& two, Arithmetic precision, cudaStream_t stream) {
  if (precision != Arithmetic::bf16 || !sm90_kernels()) return false;
  const int splits = launch_first_two_sm90(two, stream);
  if (splits == 0) return false;
  if (two.sums) finish_difference(two.sums, splits, two.first.out, two.difference, stream);
  return true;
}

namespace {

// The convolutions and what stands between.
template <bool kPooled>
void queue(const Workspace& w, const Step& first) {
  const bool measured = (&first)[1].op == "gram_sums";
  const Step* const sums = measured ? &first + 1 : nullptr;
  const Step& second = (&first)[measured ? 4 : 1];
  FirstTwo two;
  two.first = convolution_of(w, first);
  two.second = convolution_of(w, second);
  if (measured) {
    two.sums = w.at(sums->out);
    two.difference = difference_of(w, sums[1]);
  }
  if (kPooled) {
    two.pooled = w.tensor((&second)[1].out);
    two.kind = w.pool();
  }
  if (convolve_first_two(two, w.precision(), w.stream())) return;
  operation("conv").queue(w, first);
  if (measured) {
    operation("gram_sums").queue(w, sums[0]);
    operation("gram_difference").queue(w, sums[1]);
  }
  operation(kPooled ? "conv_pool" : "conv").queue(w, second);
}

const RegisterOperation kFirstTwo("first_two", {queue<false>});
const RegisterOperation kFirstTwoPool("first_two_pool", {queue<true>});

}  // namespace
}  // namespace scumble::cuda

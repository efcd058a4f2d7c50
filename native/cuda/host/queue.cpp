#include "queue.h"

#include "errors.h"
#include "fuse.h"

namespace scumble::cuda {

void StepQueue::evaluation() const {
  for (size_t i = 0; i < plan_.steps.size();) {
    i += steps_at(i);
    check(cudaGetLastError(), "starting a kernel");
  }
  if (plan_.slots > 0) sum_partials(memory_.partials(0).at, plan_.slots, memory_.losses(), stream_);
  check(cudaGetLastError(), "starting a kernel");
}

size_t StepQueue::steps_at(size_t i) const {
  if (const size_t count = first_two_at(i)) return count;
  const Step* const steps = &plan_.steps[i];
  if (is_measured_next(plan_, i)) {
    gram_difference(memory_.tensor(steps->in), style_term(*steps, steps[1]), memory_.partials(steps[1].slot),
                    memory_.at(steps->scratch), precision_, stream_);
    return 2;
  }
  if (is_pooled_next(plan_, i)) {
    convolve_and_pool(convolution(*steps), pooling(), memory_.tensor(steps[1].out), precision_, stream_);
    return 2;
  }
  one(*steps);
  return 1;
}

// None where no kernel makes them at once.
size_t StepQueue::first_two_at(size_t i) const {
  const size_t count = first_two(plan_, i, precision_);
  if (count == 0) return 0;
  const Step* step = &plan_.steps[i];
  const Step* const end = step + count;
  FirstTwo two;
  two.first = convolution(*step++);
  if (step->op == Op::gram) {
    two.style = style_term(*step, step[1]);
    two.losses = memory_.partials(step[1].slot);
    two.scratch = memory_.at(step->scratch);
    step += 2;
  }
  two.second = convolution(*step++);
  if (step != end) {
    two.pooled = memory_.tensor(step->out);
    two.kind = pooling();
  }
  return convolve_first_two(two, precision_, stream_) ? count : 0;
}

void StepQueue::one(const Step& step) const {
  const auto in = [&] { return memory_.tensor(step.in); };
  const auto out = [&] { return memory_.tensor(step.out); };
  switch (step.op) {
    case Op::input:
      return input(memory_.floats(step.in), out(), channels(), precision_, stream_);
    case Op::conv:
    case Op::conv_back:
      return convolve(convolution(step), precision_, stream_);
    case Op::relu:
      return relu(in(), out(), precision_, stream_);
    case Op::pool:
      return pool(pooling(), in(), out(), precision_, stream_);
    case Op::gram:
      return gram(in(), memory_.floats(step.out), memory_.at(step.scratch), precision_, stream_);
    case Op::style_loss:
      throw InvalidArgument("a style loss follows its Gram matrix");
    case Op::style_back:
      return style_back(in(), memory_.floats(step.other), out(), memory_.at(step.mask), step.accumulate,
                        memory_.at(step.scratch), precision_, stream_);
    case Op::content_loss:
      return content(step);
    case Op::relu_back:
      return relu_back(in(), memory_.at(step.other), out(), memory_.at(step.mask), step.accumulate,
                       precision_, stream_);
    case Op::pool_back:
      return pool_back(pooling(), in(), memory_.tensor(step.other), out(), memory_.at(step.mask),
                       step.accumulate, precision_, stream_);
    case Op::input_back:
      return input_back(in(), memory_.floats(step.out), channels(), precision_, stream_);
    case Op::tv:
      return variation(step);
  }
}

void StepQueue::content(const Step& step) const {
  const double n = static_cast<double>(memory_.buffer(step.in).shape.elements());
  content_loss(memory_.tensor(step.in), memory_.at(step.other), memory_.tensor(step.out),
               memory_.at(step.mask), step.accumulate, 2 * step.weight / n, step.weight / n,
               memory_.partials(step.slot), precision_, stream_);
}

void StepQueue::variation(const Step& step) const {
  const Shape& shape = memory_.buffer(step.in).shape;
  total_variation(memory_.floats(step.in), shape.width, shape.height, memory_.floats(step.out), step.weight,
                  memory_.partials(step.slot), stream_);
}

// Of a convolution or of its gradient, which has no bias.
Convolution StepQueue::convolution(const Step& step) const {
  const bool backward = step.op == Op::conv_back;
  const bool replicates = network_.architecture().preprocessing.padding == Padding::replicate;
  Convolution c;
  c.in = memory_.tensor(step.in);
  c.out = memory_.tensor(step.out);
  c.weights = network_.weights(step.convolution, backward);
  c.bias = backward ? nullptr : network_.bias(step.convolution);
  c.mask = memory_.at(step.mask);
  c.scratch = memory_.scratch();
  c.scratch_bytes = memory_.scratch_bytes();
  c.relu = step.relu;
  c.accumulate = step.accumulate;
  c.first = step.convolution == 0;
  c.replicate = c.first && replicates;
  return c;
}

StyleTerm StepQueue::style_term(const Step& gram, const Step& loss) const {
  const double c = memory_.buffer(gram.in).shape.channels;
  StyleTerm term;
  term.target = memory_.floats(loss.other);
  term.difference = memory_.floats(loss.out);
  term.gradient_scale = 4 * loss.weight / (c * c * c * static_cast<double>(loss.positions));
  term.loss_scale = loss.weight / (c * c);
  return term;
}

Pool StepQueue::pooling() const {
  switch (plan_.pooling) {
    case Pooling::max:
      return Pool::max;
    case Pooling::average:
      return Pool::average;
    case Pooling::l2:
      break;
  }
  return Pool::l2;
}

}  // namespace scumble::cuda

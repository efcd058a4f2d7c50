// What follows an evaluation on a CUDA device: the best point or the mean of all, and what the host is told.
#include "../check.h"
#include "device.h"

namespace cuda = scumble::cuda;
using device::Array;

namespace {

// Evaluations with the given totals (in two losses) at points of three values each: what is kept.
struct Run {
  Array<cuda::Progress> progress{std::vector<cuda::Progress>{device::fresh()}};
  Array<unsigned char> report{cuda::report_bytes(2)};
  Array<float> result{std::vector<float>(7, -5)};
  double averaging;

  explicit Run(double decay) : averaging(decay) {}
  void evaluate(double total, float point) {
    const Array<double> losses(std::vector<double>{total - 1, 1});
    const Array<float> picture(std::vector<float>(7, point));
    cuda::judge(losses.get(), 2, averaging, progress.get(), report.get(), nullptr);
    cuda::keep_result(picture.get(), result.get(), 7, averaging, progress.get(), nullptr);
    // The report says the same, and has the losses.
    struct {
      cuda::Progress progress;
      double losses[2];
    } said{};
    const std::vector<unsigned char> bytes = report.values();
    CHECK(bytes.size() == sizeof said);
    std::memcpy(&said, bytes.data(), sizeof said);
    CHECK(said.progress.iteration == now().iteration && said.progress.diverged == now().diverged);
    CHECK(said.progress.best_total == now().best_total && said.progress.updates == now().updates);
    CHECK(said.progress.mean_weight == now().mean_weight && said.losses[1] == 1);
  }
  void expect(float value) const { CHECK(result.values() == std::vector<float>(7, value)); }
  cuda::Progress now() const { return progress.values()[0]; }
};

}  // namespace

TEST(the_best_is_kept) {
  device::in_every_order([] {
    Run run(0);
    run.evaluate(10, 1);
    run.expect(1);
    run.evaluate(12, 2);
    run.expect(1);
    run.evaluate(9, 3);
    run.expect(3);
    run.evaluate(9, 4);  // not lower
    run.expect(3);
    CHECK(run.now().total == 9);
    CHECK(run.now().iteration == 4);
    CHECK(run.now().updates == 4);
    CHECK(run.now().best == 3);
    CHECK(run.now().diverged == 0);
    for (const double bad : {static_cast<double>(NAN), 1.0}) {
      run.evaluate(bad, 5);  // once diverged, nothing moves, whatever follows
      run.expect(3);
      CHECK(run.now().diverged == 5);
      CHECK(run.now().iteration == 5);
      CHECK(run.now().updates == 4);
      CHECK(run.now().best_total == 9);
    }
  });
}

TEST(the_mean_is_kept) {
  device::in_every_order([] {
    Run run(0.75);
    double mean = 0;
    double weight = 0;
    for (const float point : {8.0f, 4.0f, -2.0f, 16.0f}) {
      run.evaluate(10, point);
      mean = 0.75 * mean + 0.25 * static_cast<double>(point);
      weight = 0.75 * weight + 0.25;
      run.expect(static_cast<float>(mean));
      CHECK_CLOSE(run.now().mean_weight, weight, 1e-15);
    }
    run.evaluate(-INFINITY, 100);
    run.evaluate(1, 100);
    run.expect(static_cast<float>(mean));
    CHECK_CLOSE(run.now().mean_weight, weight, 1e-15);
    CHECK(run.now().diverged == 5);
  });
}

// A mean over memory that was never written: the first point does not look at it.
TEST(the_first_mean) {
  Run run(0.5);
  run.result.set(std::vector<float>(7, NAN));
  run.evaluate(1, 6);
  run.expect(3);
}

// A divergence at the start leaves no mean; once it is forgotten, the next point is the first.
TEST(the_first_mean_after_a_divergence) {
  Run run(0.5);
  run.result.set(std::vector<float>(7, NAN));
  run.evaluate(INFINITY, 100);
  cuda::Progress forgotten = run.now();
  forgotten.diverged = 0;
  run.progress.set({forgotten});
  run.evaluate(1, 6);
  run.expect(3);
  CHECK(run.now().iteration == 2);
  CHECK(run.now().mean_weight == 0.5);
}

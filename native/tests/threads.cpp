// Threads: the same bytes whatever their number and whoever else is at work, and a pool that runs every task
// exactly once.
#include <atomic>
#include <thread>

#include "../cpp/cpu/thread_pool.h"
#include "check.h"
#include "support.h"

using scumble::cpu::ThreadPool;
using support::Random;

namespace {

constexpr int kWidth = 97;
constexpr int kHeight = 70;

// Several tasks in every kind of step: a lone ReLU, several terms at one layer, masks, a pool as the deepest.
std::vector<float> five_steps(const scumble::cpu::Isa& isa, int threads, scumble::Pooling pooling,
                              double averaging, int details = 0) {
  Random random(31);
  const std::vector<int> widths = {16, 24, 33, 40};
  size_t next = 0;
  const auto model = support::random_model(random, {2, 2}, [&] { return widths[next++]; });
  const scumble::cpu::CpuBackend backend(isa);
  const auto network = backend.load(model.architecture, model.weights);
  const auto content = support::uniform(random, kWidth * kHeight * 3, 0, 255);
  const auto style = support::uniform(random, kWidth * kHeight * 3, 0, 255);
  scumble::SessionOptions options;
  options.pooling = pooling;
  options.threads = threads;
  options.averaging = averaging;
  options.details = details;
  options.objective = support::objective_of({"relu2_1", "conv1_2"}, {"relu1_1", "relu2_1", "pool2"}, 1e-2);
  options.objective.terms[2].mask = 0;
  support::add(options.objective, "mean-std", "relu1_2", 1, {{1, 1, 0}}).mask = 0;
  support::add(options.objective, "histogram", "relu1_2", 1, {{1}});
  const auto mask = support::uniform(random, 30 * 20, 0, 1);
  scumble::SessionImages images;
  images.start = support::view(style, kWidth, kHeight);
  images.targets = {support::view(content, kWidth, kHeight), support::view(style, kHeight, kWidth)};
  images.masks = {support::mask_view(mask, 30, 20)};
  scumble::Session session(backend, {network}, options, images, support::running());
  for (int i = 0; i < 5; ++i) session.step(support::running());
  return session.result().values();
}

}  // namespace

TEST(same_bytes_for_any_number_of_threads) {
  for (const auto* isa : support::isas()) {
    check::at() = isa->name;
    const std::vector<float> one = five_steps(*isa, 1, scumble::Pooling::max, 0.5);
    for (const int threads : {2, 3, 8}) {
      CHECK(five_steps(*isa, threads, scumble::Pooling::max, 0.5) == one);
    }
  }
  const auto& best = *support::isas()[0];
  CHECK(five_steps(best, 3, scumble::Pooling::average, 0) ==
        five_steps(best, 1, scumble::Pooling::average, 0));
  CHECK(five_steps(best, 3, scumble::Pooling::max, 0.5, 4) ==
        five_steps(best, 1, scumble::Pooling::max, 0.5, 4));
}

TEST(same_bytes_for_sessions_side_by_side) {
  const auto& isa = *support::isas()[0];
  const std::vector<float> alone = five_steps(isa, 1, scumble::Pooling::l2, 0.5);
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back(
        [&, i] { found[i] = five_steps(isa, static_cast<int>(i) + 1, scumble::Pooling::l2, 0.5); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : found) CHECK(result == alone);
}

TEST(every_task_runs_once) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int caller = 0; caller < 4; ++caller) {
    threads.emplace_back([&wrong, caller] {
      for (int round = 0; round < 300; ++round) {
        const int count = (round * 7 + caller) % 23;
        const int allowed = 1 + (round + caller) % 5;
        std::vector<int> plain(static_cast<size_t>(count));  // not atomic: the pool itself must order it
        std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
        std::atomic<int> inside{0};
        ThreadPool::shared().run(count, allowed, [&](int i) {
          if (++inside > allowed) ++wrong;
          ++runs[static_cast<size_t>(i)];
          plain[static_cast<size_t>(i)] = i + 1;
          --inside;
        });
        for (int i = 0; i < count; ++i) {
          if (runs[static_cast<size_t>(i)] != 1 || plain[static_cast<size_t>(i)] != i + 1) ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST(a_task_may_run_tasks) {
  std::atomic<int> runs{0};
  ThreadPool::shared().run(6, 3, [&](int) { ThreadPool::shared().run(5, 3, [&](int) { ++runs; }); });
  CHECK(runs == 30);
}

TEST(no_tasks) {
  ThreadPool::shared().run(0, 4, [](int) { CHECK(false); });
}

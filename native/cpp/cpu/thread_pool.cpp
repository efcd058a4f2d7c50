#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace scumble::cpu {
namespace {

struct Job {
  const std::function<void(int)>* task;
  int count;
  int wanted;  // threads that may still join; guarded by the pool's mutex
  std::atomic<int> next{0};
  std::atomic<int> inside{0};  // threads at work on it; changed under the pool's mutex

  bool open() const { return next.load(std::memory_order_relaxed) < count; }

  void work() {
    for (int i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      (*task)(i);
    }
  }
};

// The next job comes within microseconds, as a step follows a step; to send a thread to sleep and wake it takes
// longer, on a virtual machine far longer. So whoever waits looks around for a while first.
constexpr auto kPatience = std::chrono::microseconds(100);

template <typename Happened>
void look_for(const Happened& happened) {
  constexpr int kLooks = 64;  // between two glances at the clock
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int i = 0; i < kLooks; ++i) {
      if (happened()) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("yield");
#endif
    }
  } while (std::chrono::steady_clock::now() < end);
}

// A task that itself runs a job holds a place already, and must not wait for another.
thread_local bool at_work = false;

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;  // a job has come, or a place is free
  std::condition_variable done;
  std::deque<Job*> jobs;            // those that more threads may join
  std::atomic<unsigned> posted{0};  // jobs that there have ever been; changed under the mutex
  int looking = 0;                  // helpers that look for one and that no job counts on, at least
  std::vector<std::thread> threads;
  const int places = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  int taken = 0;  // of the places: threads at work, callers included
  bool stopping = false;

  // Called and left with the lock held.
  void work_on(Job& job, std::unique_lock<std::mutex>& lock) {
    ++taken;
    ++job.inside;
    if (--job.wanted == 0) withdraw(job);
    lock.unlock();
    at_work = true;
    job.work();
    at_work = false;
    lock.lock();
    withdraw(job);
    --job.inside;
    --taken;
    done.notify_all();
    if (!jobs.empty()) wake.notify_one();
  }

  void withdraw(Job& job) {
    const auto queued = std::find(jobs.begin(), jobs.end(), &job);
    if (queued != jobs.end()) jobs.erase(queued);
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      if (!stopping && jobs.empty()) {
        const unsigned seen = posted;
        ++looking;
        lock.unlock();
        look_for([&] { return posted.load(std::memory_order_relaxed) != seen; });
        lock.lock();
        looking = std::max(0, looking - 1);
      }
      wake.wait(lock, [&] { return stopping || (!jobs.empty() && taken < places); });
      if (stopping) return;
      work_on(*jobs.front(), lock);
    }
  }
};

ThreadPool& ThreadPool::shared() {
  static ThreadPool pool;
  return pool;
}

ThreadPool::ThreadPool() : state_(new State) {}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->done.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
  // The state stays: a process that exits in the middle of things may still have callers inside run().
}

void ThreadPool::run(int count, int threads, const std::function<void(int)>& task) {
  State& state = *state_;
  Job job{&task, count, std::min(count, threads), {}, 0};
  if (job.wanted <= 1 || at_work) {
    job.work();
    return;
  }
  std::unique_lock<std::mutex> lock(state.mutex);
  const int helpers = std::min(job.wanted, state.places);
  while (!state.stopping && static_cast<int>(state.threads.size()) < helpers) {
    try {
      state.threads.emplace_back([&state] { state.help(); });
    } catch (const std::system_error&) {
      break;  // the system gives no more: those that there are do the work
    }
  }
  state.jobs.push_back(&job);
  ++state.posted;
  // The caller is one of those wanted, and who looks for a job will find it.
  const int awake = std::min(state.looking, job.wanted - 1);
  state.looking -= awake;
  const int asleep = job.wanted - 1 - awake;
  if (asleep == 1) {
    state.wake.notify_one();
  } else if (asleep > 1) {
    state.wake.notify_all();
  }
  // With all places taken by other callers' jobs, the helpers will come to this one.
  if (state.taken < state.places) {
    state.work_on(job, lock);
    lock.unlock();
    look_for([&] { return !job.open() && job.inside.load(std::memory_order_relaxed) == 0; });
    lock.lock();
  }
  state.done.wait(lock, [&] { return state.stopping || (!job.open() && job.inside == 0); });
  if (state.stopping && job.open()) state.work_on(job, lock);
  state.done.wait(lock, [&] { return !job.open() && job.inside == 0; });
  state.withdraw(job);
}

}  // namespace scumble::cpu

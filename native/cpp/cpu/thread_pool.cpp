#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace scumble::cpu {
namespace {

struct Job {
  const std::function<void(int)>* task;
  int count;
  int helpers_wanted;
  std::atomic<int> next{0};
  int helpers = 0;  // inside the job now; guarded by the pool's mutex

  void work() {
    for (int i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      (*task)(i);
    }
  }
};

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::deque<Job*> jobs;  // those that still want helpers
  std::vector<std::thread> threads;
  bool stopping = false;

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopping || !jobs.empty(); });
      if (stopping) return;
      Job* job = jobs.front();
      if (--job->helpers_wanted == 0) jobs.pop_front();
      ++job->helpers;
      lock.unlock();
      job->work();
      lock.lock();
      if (--job->helpers == 0) done.notify_all();
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
  for (std::thread& thread : state_->threads) thread.join();
  delete state_;
}

void ThreadPool::run(int count, int threads, const std::function<void(int)>& task) {
  const int helpers = std::min(count, threads) - 1;
  if (helpers <= 0) {
    for (int i = 0; i < count; ++i) task(i);
    return;
  }
  Job job{&task, count, helpers, {}, 0};
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    while (static_cast<int>(state_->threads.size()) < helpers) {
      state_->threads.emplace_back([state = state_] { state->help(); });
    }
    state_->jobs.push_back(&job);
  }
  if (helpers == 1) {
    state_->wake.notify_one();
  } else {
    state_->wake.notify_all();
  }
  job.work();
  std::unique_lock<std::mutex> lock(state_->mutex);
  const auto queued = std::find(state_->jobs.begin(), state_->jobs.end(), &job);
  if (queued != state_->jobs.end()) state_->jobs.erase(queued);
  state_->done.wait(lock, [&] { return job.helpers == 0; });
}

}  // namespace scumble::cpu

// One pool of threads for the whole process, apart from libuv's. A job is a number of independent tasks; the
// caller works on it too, and helpers join as they become free, never more than the job allows. However many
// callers there are, no more threads work at once than the machine has cores: a caller that finds them all
// busy leaves its job to the helpers. Which thread takes which task varies, so tasks must not depend on it:
// every sum has its own fixed order.
#pragma once

#include <functional>

namespace scumble::cpu {

class ThreadPool {
 public:
  static ThreadPool& shared();

  // Runs task(0) ... task(count - 1) on at most `threads` threads, the caller's included, and returns when
  // all are done. Tasks must not throw.
  void run(int count, int threads, const std::function<void(int)>& task);

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

 private:
  ThreadPool();
  struct State;
  State* state_;
};

}  // namespace scumble::cpu

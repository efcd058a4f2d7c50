#include "session_thread.h"

#include "../core/error.h"

namespace scumble::node {

SessionThread::SessionThread() : thread_([this] { run(); }) {}

SessionThread::~SessionThread() {
  join();
}

void SessionThread::join() {
  if (thread_.joinable()) thread_.join();
}

void SessionThread::queue(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void SessionThread::look(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    looks_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void SessionThread::proceed() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++moves_;
  }
  changed_.notify_one();
}

void SessionThread::cancel() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    *cancelled_ = true;
  }
  changed_.notify_one();
}

void SessionThread::dispose(Job after) {
  cancel();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (after)
      jobs_.push_back([this, after = std::move(after)](Session*) {
        session_.reset();
        after(nullptr);
      });
    ending_ = true;
  }
  changed_.notify_one();
}

// What is still queued when the session is disposed of runs all the same, so that every promise is kept.
void SessionThread::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || !jobs_.empty() || !looks_.empty(); });
    std::deque<Job>& next = looks_.empty() ? jobs_ : looks_;
    if (next.empty()) break;
    const Job job = std::move(next.front());
    next.pop_front();
    lock.unlock();
    job(session_.get());
    lock.lock();
  }
  lock.unlock();
  session_.reset();
  ended_ = true;
}

Losses SessionThread::step(int count, const Watch& watch) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    moves_ = 1;
  }
  watch_ = watch ? &watch : nullptr;
  struct Unwatched {
    const Watch*& watch;
    ~Unwatched() { watch = nullptr; }
  } unwatched{watch_};
  return session_->step(*cancelled_, count, *this);
}

void SessionThread::leaving() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return watch_ == nullptr || moves_ > 0 || *cancelled_ || !looks_.empty(); });
    if (looks_.empty()) break;
    const Job job = std::move(looks_.front());
    looks_.pop_front();
    lock.unlock();
    job(session_.get());
    lock.lock();
  }
  if (*cancelled_) throw Cancelled();
  if (watch_ != nullptr) --moves_;
}

void SessionThread::arrived(int iteration, const double* losses) {
  if (watch_ != nullptr) (*watch_)(iteration, session_->losses_of(losses));
}

}  // namespace scumble::node

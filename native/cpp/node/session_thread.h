// The thread of one session. Calls wait in a queue and run one after the other; those that only look at where
// the session stands (its picture, its state) need not wait for the end of a step: they are served before the
// picture moves.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "../core/session.h"
#include "task.h"

namespace scumble::node {

class SessionThread final : public Worker, private Observer {
 public:
  // A job gets the session, or null when it has been disposed of.
  using Job = std::function<void(Session*)>;
  // Told after each iteration, on this thread.
  using Watch = std::function<void(int iteration, const Losses& losses)>;

  SessionThread();  // throws std::system_error where there are no more threads
  ~SessionThread() override;

  // Whoever makes the session, as the first job; then its owner.
  void own(std::unique_ptr<Session> session) { session_ = std::move(session); }
  const CancelFlag& cancelled() const { return cancelled_; }

  void queue(Job job);
  void look(Job job);
  // A step, as part of a job. If watched, the session stands after every iteration until proceed(), while the
  // next evaluation goes on.
  Losses step(int count, const Watch& watch);
  void proceed();
  void cancel();

  // Gives the session's memory back after what is queued (cancelled, that is soon), and ends.
  void dispose(Job after = nullptr);

  void stop() override { dispose(); }
  bool ended() const override { return ended_; }
  void join() override;

 private:
  void run();
  void leaving() override;
  void arrived(int iteration, const double* losses) override;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Job> looks_;
  bool ending_ = false;
  int moves_ = 0;  // that whoever watches allows
  CancelFlag cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<Session> session_;
  const Watch* watch_ = nullptr;  // of the step that is running
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace scumble::node

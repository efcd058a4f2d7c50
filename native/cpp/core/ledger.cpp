#include "ledger.h"

#include <algorithm>

namespace scumble {

Ledger& Ledger::process() {
  static Ledger ledger;
  return ledger;
}

// Available and taken add up to the same, however much of what is reserved has been taken by now.
bool Ledger::reserve(const std::string& device, size_t bytes, size_t available, size_t taken, size_t& left) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Account& account = accounts_[device];
  if (account.reserved == 0) account.before = taken;
  const size_t all = available + taken;
  const size_t used = account.before + account.reserved;
  // What else the process has come to hold since then leaves less.
  left = std::min(available, all > used ? all - used : 0);
  if (bytes > left) return false;
  account.reserved += bytes;
  return true;
}

void Ledger::release(const std::string& device, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Account& account = accounts_[device];
  account.reserved -= bytes < account.reserved ? bytes : account.reserved;
}

}  // namespace scumble

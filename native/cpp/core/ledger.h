// What all runs of the process have reserved, device by device, so that two of them cannot both pass a check
// that only one fits.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace scumble {

class Ledger {
 public:
  static Ledger& process();

  // `available`: bytes that the process could still take of the device now; `taken`: those it has, which
  // count what earlier reservations have become by now. Returns whether `bytes` fit beside what is reserved;
  // if so they are. `left`, in any case, is what there was to reserve.
  bool reserve(const std::string& device, size_t bytes, size_t available, size_t taken, size_t& left);
  void release(const std::string& device, size_t bytes);

 private:
  struct Account {
    size_t reserved = 0;
    size_t before = 0;  // `taken` when nothing was reserved
  };
  std::mutex mutex_;
  std::map<std::string, Account> accounts_;
};

}  // namespace scumble

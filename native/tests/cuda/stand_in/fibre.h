// Fibres: stacks of their own, between which one host thread changes. AddressSanitizer is told of every
// change.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if !(defined(__x86_64__) && defined(__linux__))
#include <ucontext.h>
#endif

namespace stand_in {

class Fibre {
 public:
  Fibre() = default;  // of the host thread itself
  explicit Fibre(void (*entry)());
  ~Fibre();
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  // Begins anew at its entry when it is next changed to. What it was at is forgotten.
  void restart();
  // From `from`, which runs, to `to`; returns when something changes back. With `for_good` it never returns.
  static void change(Fibre& from, Fibre& to, bool for_good = false);
  // First in every entry.
  static void entered();

 private:
  static Fibre* left_;

  void (*entry_)() = nullptr;
  char* stack_ = nullptr;
#if defined(__x86_64__) && defined(__linux__)
  void* top_ = nullptr;  // the saved stack pointer
#else
  ucontext_t context_{};
#endif
  const void* bottom_ = nullptr;  // of the stack, for AddressSanitizer
  size_t size_ = 0;
  void* fake_ = nullptr;
};

}  // namespace stand_in

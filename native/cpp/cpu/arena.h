// One zeroed block of memory for a whole program, on large pages where the system has them to give.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace scumble::cpu {

class Arena {
 public:
  explicit Arena(size_t bytes) : block_(std::calloc(bytes + kPage, 1)) {
    if (block_ == nullptr) throw std::bad_alloc();
    base_ = static_cast<char*>(block_) + (kPage - reinterpret_cast<uintptr_t>(block_) % kPage) % kPage;
#ifdef __linux__
    if (bytes >= kLargePage) madvise(base_, bytes, MADV_HUGEPAGE);  // a wish: failure changes nothing
#endif
  }
  ~Arena() { std::free(block_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  char* at(size_t offset) const { return base_ + offset; }

 private:
  static constexpr size_t kPage = 4096;
  static constexpr size_t kLargePage = size_t{2} << 20;
  void* block_;
  char* base_;
};

}  // namespace scumble::cpu

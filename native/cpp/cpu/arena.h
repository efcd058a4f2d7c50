// One zeroed block of memory for a whole program, on large pages where the system has them to give. It goes back to the
// system at once when it is let go, which malloc does only with the largest: what a stage leaves behind there would lie
// beside the next stage's.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define SCUMBLE_ARENA_MAPS
#include <sys/mman.h>
#endif

namespace scumble::cpu {

class Arena {
 public:
#ifdef SCUMBLE_ARENA_MAPS
  explicit Arena(size_t bytes) : bytes_(bytes + kPage) {
    void* const block = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<char*>(block);
    if (bytes >= kLargePage) madvise(base_, bytes, MADV_HUGEPAGE);  // a wish: failure changes nothing
  }
  ~Arena() { munmap(base_, bytes_); }
#else
  explicit Arena(size_t bytes) : block_(std::calloc(bytes + kPage, 1)) {
    if (block_ == nullptr) throw std::bad_alloc();
    base_ = static_cast<char*>(block_) + (kPage - reinterpret_cast<uintptr_t>(block_) % kPage) % kPage;
  }
  ~Arena() { std::free(block_); }
#endif
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  char* at(size_t offset) const { return base_ + offset; }

 private:
  static constexpr size_t kPage = 4096;
#ifdef SCUMBLE_ARENA_MAPS
  static constexpr size_t kLargePage = size_t{2} << 20;
  size_t bytes_;
#else
  void* block_;
#endif
  char* base_;
};

}  // namespace scumble::cpu

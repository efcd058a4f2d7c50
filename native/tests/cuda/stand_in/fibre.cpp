#include "fibre.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace stand_in {
namespace {

constexpr size_t kStack = size_t{256}
                          << 10;  // AddressSanitizer's frames are large; only what is touched is taken
constexpr size_t kGuard = size_t{16} << 10;

}  // namespace

Fibre* Fibre::left_ = nullptr;

#if defined(__x86_64__) && defined(__linux__)
// ucontext changes the signal mask too, by a system call: a hundred times as slow. Saves what the System V
// ABI asks a function to keep, on the stack itself.
extern "C" void scumble_change_stack(void** from, void* to);
asm(R"(
.text
.p2align 4
.type scumble_change_stack, @function
scumble_change_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size scumble_change_stack, . - scumble_change_stack
)");
#endif

Fibre::Fibre(void (*entry)()) : entry_(entry) {
  void* at = mmap(nullptr, kGuard + kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || mprotect(at, kGuard, PROT_NONE) != 0) throw std::bad_alloc();
  stack_ = static_cast<char*>(at) + kGuard;
  bottom_ = stack_;
  size_ = kStack;
}

Fibre::~Fibre() {
  if (stack_ != nullptr) munmap(stack_ - kGuard, kGuard + kStack);
}

void Fibre::restart() {
#if defined(__x86_64__) && defined(__linux__)
  // As if entry() had just been called from nowhere: the stack 8 short of a multiple of 16.
  void** top = reinterpret_cast<void**>(stack_ + kStack);
  *--top = nullptr;  // return address of entry()
  *--top = reinterpret_cast<void*>(entry_);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  top_ = top;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = kStack;
  context_.uc_link = nullptr;
  makecontext(&context_, entry_, 0);
#endif
}

void Fibre::change(Fibre& from, Fibre& to, bool for_good) {
  left_ = &from;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake_, to.bottom_, to.size_);
#else
  static_cast<void>(for_good);
#endif
#if defined(__x86_64__) && defined(__linux__)
  scumble_change_stack(&from.top_, to.top_);
#else
  swapcontext(&from.context_, &to.context_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.fake_, &left_->bottom_, &left_->size_);
#endif
}

void Fibre::entered() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &left_->bottom_, &left_->size_);
#endif
}

}  // namespace stand_in

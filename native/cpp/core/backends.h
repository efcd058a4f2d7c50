// The kinds of backends that this build has. Each registers itself; whoever opens one knows only its name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace scumble {

// What the user permits to be less exact; a device computes as exactly as it can without losing speed.
enum class Precision { exact, balanced, fast };

struct Device {
  int index = 0;
  std::string name;
  int major = 0;  // compute capability
  int minor = 0;
  size_t memory = 0;  // bytes
  size_t free = 0;
  std::string problem;  // why it cannot be used; empty if it can
};

struct Devices {
  std::vector<Device> found;
  int driver = 0;       // versions: 1000 * major + 10 * minor; 0 without a driver
  int runtime = 0;      // that this build was made with; 0 without one
  std::string problem;  // why none can be used; empty if one can
};

// What a fast kernel makes of some numbers, beside what the float32 one does.
struct Comparison {
  std::string kernel;     // its name and the size
  bool portable = false;  // one of those that run on every card: only float32 can take its place
  double error = 0;  // |fast - exact| / |exact|; not finite where a result was not, or was not the same twice
  double tolerance = 0;
  bool good() const { return error <= tolerance; }
};

class BackendKind {
 public:
  virtual ~BackendKind() = default;
  // Throws InvalidArgument for a device that there is not or that cannot be used, and DeviceFailure.
  virtual std::shared_ptr<const Backend> open(int device, Precision precision) const = 0;
  virtual Devices devices() const { return {}; }
  // Compares the fast kernels with the float32 ones: at one size, or if `thorough` at several. Throws
  // DeviceFailure.
  virtual std::vector<Comparison> self_check(int device, bool thorough) const {
    static_cast<void>(device);
    static_cast<void>(thorough);
    return {};
  }
  // For the whole process, from the next session on: only the kernels that run on every card, or again also
  // those made for this card's kind.
  virtual void use_portable_kernels(int device, bool portable) const {
    static_cast<void>(device);
    static_cast<void>(portable);
  }
};

// "cpu" or "cuda"; null where this build has none of that kind.
const BackendKind* find_backend(const std::string& name);

// Makes a kind known; one for each, at namespace scope.
struct RegisterBackend {
  RegisterBackend(const char* name, std::unique_ptr<BackendKind> kind);
};

}  // namespace scumble

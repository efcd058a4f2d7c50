#include "errors.h"

#include <new>
#include <system_error>

#include "../core/error.h"

namespace scumble::node {

Napi::Error error_of(Napi::Env env, const std::exception_ptr& failure) {
  const auto with_code = [&](const char* message, const char* code) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, code));
    return error;
  };
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& e) {
    return e;
  } catch (const InvalidArgument& e) {
    return with_code(e.what(), "INVALID_ARGUMENT");
  } catch (const Cancelled& e) {
    return with_code(e.what(), "CANCELLED");
  } catch (const Diverged& e) {
    Napi::Error error = with_code(e.what(), "DIVERGED");
    error.Set("iteration", Napi::Number::New(env, e.iteration));
    return error;
  } catch (const DeviceFailure& e) {
    Napi::Error error =
        with_code(e.what(), e.kind == DeviceFailure::memory ? "DEVICE_MEMORY" : "DEVICE_LOST");
    error.Set("needed", Napi::Number::New(env, static_cast<double>(e.needed)));
    error.Set("free", Napi::Number::New(env, static_cast<double>(e.free)));
    return error;
  } catch (const OutOfThreads& e) {
    return with_code(e.what(), "OUT_OF_THREADS");
  } catch (const std::bad_alloc&) {
    return with_code("out of memory", "OUT_OF_MEMORY");
  } catch (const std::length_error&) {  // of a vector that no memory could hold
    return with_code("out of memory", "OUT_OF_MEMORY");
  } catch (const std::exception& e) {
    return with_code(e.what(), "INTERNAL");
  }
}

}  // namespace scumble::node

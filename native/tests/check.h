// What the tests are written with. TEST(name) { ... } registers a test; a failing check prints one line and
// the test goes on; main, defined here, runs every test and exits with 1 if one failed. Include it in one
// source only.
#pragma once

#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

// What a test is at, printed with a failing check.
inline std::string& at() {
  static std::string text;
  return text;
}

inline int& failures() {
  static int count = 0;
  return count;
}

inline void fail(const char* file, int line, const std::string& what) {
  ++failures();
  std::printf("%s:%d: %s%s%s\n", file, line, what.c_str(), at().empty() ? "" : " at ", at().c_str());
}

inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// |values - reference| / |reference| in the Euclidean norm; 0 if both are zero, infinite if the sizes differ.
template <typename Values, typename Reference>
double relative_error(const Values& values, const Reference& reference) {
  if (values.size() != reference.size()) return INFINITY;
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double exact = static_cast<double>(reference[i]);
    const double difference = static_cast<double>(values[i]) - exact;
    error += difference * difference;
    norm += exact * exact;
  }
  return error == 0 ? 0 : std::sqrt(error / norm);
}

}  // namespace check

#define TEST(name)                                                 \
  static void name();                                              \
  static const check::Registration registered_##name(#name, name); \
  static void name()

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) check::fail(__FILE__, __LINE__, "not so: " #condition); \
  } while (false)

// |value - reference| <= tolerance; a NaN fails.
#define CHECK_CLOSE(value, reference, tolerance)                                                           \
  do {                                                                                                     \
    const double check_value = static_cast<double>(value);                                                 \
    const double check_reference = static_cast<double>(reference);                                         \
    if (!(std::abs(check_value - check_reference) <= (tolerance))) {                                       \
      check::fail(__FILE__, __LINE__,                                                                      \
                  #value " is " + check::number(check_value) + ", not " + check::number(check_reference) + \
                      " within " + check::number(tolerance));                                              \
    }                                                                                                      \
  } while (false)

// Whole arrays, by relative_error; a NaN fails.
#define CHECK_ALL_CLOSE(values, reference, tolerance)                                                     \
  do {                                                                                                    \
    const double check_error = check::relative_error(values, reference);                                  \
    if (!(check_error <= (tolerance))) {                                                                  \
      check::fail(__FILE__, __LINE__,                                                                     \
                  #values " is off by " + check::number(check_error) + " > " + check::number(tolerance)); \
    }                                                                                                     \
  } while (false)

#define CHECK_THROWS(type, expression)                                                    \
  do {                                                                                    \
    bool check_thrown = false;                                                            \
    try {                                                                                 \
      static_cast<void>(expression);                                                      \
    } catch (const type&) {                                                               \
      check_thrown = true;                                                                \
    }                                                                                     \
    if (!check_thrown) check::fail(__FILE__, __LINE__, "no " #type " from " #expression); \
  } while (false)

int main() {
  int failed = 0;
  for (const check::Test& test : check::tests()) {
    const int before = check::failures();
    check::at().clear();
    try {
      test.body();
    } catch (const std::exception& error) {
      check::fail(__FILE__, __LINE__, std::string("thrown: ") + error.what());
    }
    if (check::failures() == before) continue;
    ++failed;
    std::printf("failed: %s\n", test.name);
  }
  std::printf("%d passed, %d failed\n", static_cast<int>(check::tests().size()) - failed, failed);
  return failed > 0 ? 1 : 0;
}

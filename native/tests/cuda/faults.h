// Runs what should end its process, in a process of its own, and gives back what it said last.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace faults {

// What body() wrote to stderr if it ended its process with an error, else nothing.
template <typename Body>
std::string of(const Body& body) {
  int ends[2];
  if (pipe(ends) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    body();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) said.append(part, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : said;
}

}  // namespace faults

// body() ends its process and says so with these words.
#define CHECK_FAULT(words, ...)                                                                      \
  do {                                                                                               \
    const std::string check_said = faults::of(__VA_ARGS__);                                          \
    if (check_said.find(words) == std::string::npos) {                                               \
      check::fail(__FILE__, __LINE__, "no fault \"" + std::string(words) + "\" but: " + check_said); \
    }                                                                                                \
  } while (false)

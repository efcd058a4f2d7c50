// What makes itself known by a name when the program starts: losses, operations, kinds of backends.
#pragma once

#include <map>
#include <string_view>
#include <utility>

namespace scumble {

template <typename Entry>
class Registry {
 public:
  // All entries of this type. It is made when first asked for: they come from many files, in any order.
  static Registry& all() {
    static Registry registry;
    return registry;
  }

  // `name` is a literal.
  void add(const char* name, Entry entry) { entries_[name] = std::move(entry); }
  // Null where there is none of this name.
  const Entry* find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }
  // By name.
  const std::map<std::string_view, Entry>& entries() const { return entries_; }

 private:
  std::map<std::string_view, Entry> entries_;
};

}  // namespace scumble

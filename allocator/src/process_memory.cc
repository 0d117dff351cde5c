#include <zmalloc/process_memory.h>

#include <limits>

#include "proc_file.h"

namespace zm {

bool parse_stat_resident_pages(std::string_view stat, std::uint64_t* pages) noexcept {
  // Fields 3 and up follow the last parenthesis; the name in front of it may hold anything.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return false;
  std::string_view rest = stat.substr(name_end + 1);
  for (int field = 3; field < 24; ++field) {
    if (detail::next_word(&rest).empty()) return false;
  }
  const std::string_view resident = detail::next_word(&rest);
  // A field without a blank or newline after it may have been cut short.
  const bool whole = !rest.empty() || resident.ends_with('\n');
  return whole && detail::parse_number(detail::trimmed(resident), pages);
}

int read_resident(pid_t pid, std::uint64_t* bytes, const char* proc_root) noexcept {
  std::array<char, 4096> path;
  if (!detail::proc_path(path, proc_root, pid, "stat")) return ENAMETOOLONG;
  std::array<char, 4096> text;
  std::size_t length = 0;
  const int error = detail::read_pieces(path.data(), [&](std::string_view piece) {
    length += piece.copy(text.data() + length, text.size() - length);
  });
  if (error != 0) return error;
  std::uint64_t pages = 0;
  if (!parse_stat_resident_pages(std::string_view(text.data(), length), &pages)) return EBADMSG;
  if (__builtin_mul_overflow(pages, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), bytes)) {
    *bytes = std::numeric_limits<std::uint64_t>::max();
  }
  return 0;
}

std::uint64_t physical_memory() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0;
}

}  // namespace zm

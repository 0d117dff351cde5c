// LCS: the longest common subsequence of two strings.

#include <algorithm>
#include <utility>

#include "commands/families.h"
#include "commands/string_values.h"

namespace plimsoll {
namespace {

// A run of bytes that the subsequence takes from both strings.
struct Match {
  size_t a, b;  // where it begins
  size_t length;
};

// The lengths of the longest common subsequences of all beginnings of two strings, by dynamic programming
// over one row as long as the shorter string. What the way back needs of each cell is one bit: whether
// dropping a's last byte there leaves more than dropping b's. So the memory is a bit for each pair of bytes,
// and none at all when only the length is asked for.
class Subsequence {
 public:
  Subsequence(std::string_view a, std::string_view b, bool with_way)
      : a_(a), b_(b), a_outer_(a.size() >= b.size()) {
    outer_ = a_outer_ ? a_ : b_;
    inner_ = a_outer_ ? b_ : a_;
    row_.resize(inner_.size() + 1);
    if (with_way) drop_a_.resize((outer_.size() * inner_.size() + 63) / 64);
    for (size_t i = 0; i < outer_.size(); ++i) fill_row(i, with_way);
  }

  size_t length() const noexcept { return row_.back(); }

  // Calls visit(Match) for every run, the last one first. REQUIRES: with_way.
  template <class Visit>
  void walk(Visit&& visit) const {
    size_t i = a_.size(), j = b_.size();
    Match run{0, 0, 0};
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        run = {--i, --j, run.length + 1};
        continue;
      }
      if (run.length != 0) visit(std::exchange(run, Match{0, 0, 0}));
      if (drop_a(i - 1, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
    if (run.length != 0) visit(run);
  }

 private:
  void fill_row(size_t i, bool with_way) {
    const char byte = outer_[i];
    uint32_t diagonal = 0;
    size_t cell = i * inner_.size();
    for (size_t j = 0; j < inner_.size(); ++j, ++cell) {
      const uint32_t above = row_[j + 1], before = row_[j];
      if (byte == inner_[j]) {
        row_[j + 1] = diagonal + 1;
      } else {
        row_[j + 1] = std::max(above, before);
        if (with_way && (a_outer_ ? above > before : before > above))
          drop_a_[cell / 64] |= uint64_t{1} << cell % 64;
      }
      diagonal = above;
    }
  }

  bool drop_a(size_t i, size_t j) const noexcept {
    const size_t cell = a_outer_ ? i * inner_.size() + j : j * inner_.size() + i;
    return drop_a_[cell / 64] >> cell % 64 & 1;
  }

  std::string_view a_, b_, outer_, inner_;
  bool a_outer_;
  zm::vector<uint32_t, zm::Tag::command> row_;
  zm::vector<uint64_t, zm::Tag::command> drop_a_;  // bit of a cell (outer, inner)
};

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool match_lengths = false;
  int64_t shortest = 0;
};

LcsOptions read_options(ArgumentReader& arguments) {
  LcsOptions options;
  while (arguments.more()) {
    if (arguments.accept("IDX")) {
      options.indexes = true;
    } else if (arguments.accept("LEN")) {
      options.length = true;
    } else if (arguments.accept("WITHMATCHLEN")) {
      options.match_lengths = true;
    } else if (arguments.accept("MINMATCHLEN", 1)) {
      options.shortest = std::max<int64_t>(arguments.integer(), 0);
    } else {
      arguments.fail(errors::kSyntax);
    }
  }
  if (options.indexes && options.length) {
    arguments.fail("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

// Redis's bounds, which are those of its table of four bytes a pair. They also bound the time this takes.
bool refuse_sizes(const Call& call, std::string_view a, std::string_view b) {
  constexpr size_t kLongest = UINT32_MAX - 1;
  if (a.size() >= kLongest || b.size() >= kLongest) {
    call.reply().error("ERR String too long for LCS");
    return true;
  }
  size_t bytes;
  if (!__builtin_mul_overflow((a.size() + 1) * sizeof(uint32_t), b.size() + 1, &bytes) &&
      bytes <= call.engine().largest_string()) {
    return false;
  }
  call.reply().error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  return true;
}

void reply_position(Reply& reply, size_t begin, size_t length) {
  reply.array(2);
  reply.integer(static_cast<int64_t>(begin));
  reply.integer(static_cast<int64_t>(begin + length - 1));
}

void reply_indexes(Reply& reply, const Subsequence& subsequence, const LcsOptions& options) {
  zm::vector<Match, zm::Tag::command> matches;
  subsequence.walk([&](const Match& match) {
    if (match.length >= static_cast<size_t>(options.shortest)) matches.push_back(match);
  });
  reply.map(2);
  reply.bulk("matches");
  reply.array(matches.size());
  for (const Match& match : matches) {
    reply.array(options.match_lengths ? 3 : 2);
    reply_position(reply, match.a, match.length);
    reply_position(reply, match.b, match.length);
    if (options.match_lengths) reply.integer(static_cast<int64_t>(match.length));
  }
  reply.bulk("len");
  reply.integer(static_cast<int64_t>(subsequence.length()));
}

void reply_text(Reply& reply, const Subsequence& subsequence, std::string_view a) {
  zm::string<zm::Tag::command> text(subsequence.length(), '\0');
  size_t end = text.size();
  subsequence.walk([&](const Match& match) {
    end -= match.length;
    a.copy(text.data() + end, match.length, match.a);
  });
  reply.bulk(text);
}

void lcs(Call& call) {
  Keyspace keyspace(call);
  const Found first = keyspace.find_for_read(call.key(0));
  const Found second = keyspace.find_for_read(call.key(1));
  for (const Found& found : {first, second}) {
    if (found && found->type() != ValueType::string) {
      return call.reply().error("ERR The specified keys must contain string values");
    }
  }
  ArgumentReader arguments(call, 3);
  const LcsOptions options = read_options(arguments);
  if (arguments.failed()) return;

  DigitBuffer first_digits, second_digits;
  const std::string_view a = first ? string_value(*first.entry, first_digits) : std::string_view();
  const std::string_view b = second ? string_value(*second.entry, second_digits) : std::string_view();
  if (refuse_sizes(call, a, b)) return;
  const Subsequence subsequence(a, b, !options.length);
  if (options.indexes) return reply_indexes(call.reply(), subsequence, options);
  if (options.length) return call.reply().integer(static_cast<int64_t>(subsequence.length()));
  reply_text(call.reply(), subsequence, a);
}

constexpr KeySpec kTwoKeys[] = {{.flags = kKeyRO | kKeyAccess, .last = 1}};

constexpr CommandRow kRows[] = {
    {.name = "lcs",
     .arity = -3,
     .flags = kReadonly,
     .acl = kAclString,
     .keys = kTwoKeys,
     .handler = lcs,
     .since = "7.0.0",
     .group = "string",
     .complexity = "O(N*M) where N and M are the lengths of the strings",
     .summary = "The longest common subsequence of two strings",
     .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]"},
};

}  // namespace

std::span<const CommandRow> lcs_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll

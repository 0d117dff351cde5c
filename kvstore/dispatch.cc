#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <new>

#include "engine.h"
#include "equal_bytes.h"

namespace plimsoll {
namespace {

// Every reply up to this size finds its room before the handler runs, so that a handler that has changed
// something never fails on its reply.
constexpr size_t kReservedReply = 512;

// Redis cuts unknown names and arguments in its errors here, and at their first NUL byte.
constexpr size_t kShownBytes = 128;

std::string_view shown_part(std::string_view argument, size_t most = kShownBytes) noexcept {
  return argument.substr(0, std::min(most, argument.find('\0')));
}

constexpr std::string_view kNoName;

struct ErrorText {
  char bytes[512];
  size_t size = 0;

  void add(std::string_view text) noexcept {
    text = text.substr(0, sizeof bytes - size);
    text.copy(bytes + size, text.size());
    size += text.size();
  }
  std::string_view view() const noexcept { return {bytes, size}; }
};

void add_unknown_command(ErrorText& error, Args args) noexcept {
  error.add("ERR unknown command '");
  error.add(shown_part(args[0]));
  error.add("', with args beginning with: ");
  size_t shown = 0;
  for (size_t i = 1; i < args.size() && shown < kShownBytes; ++i) {
    const std::string_view argument = shown_part(args[i], kShownBytes - shown);
    error.add("'");
    error.add(argument);
    error.add("' ");
    shown += argument.size() + 3;
  }
}

}  // namespace

// Batches are mostly of one command.
const Command* Engine::find_command(Args args, const Invocation* previous) const noexcept {
  if (previous != nullptr && previous->command != nullptr && equal_bytes(previous->args[0], args[0])) {
    const Command* const same = previous->command;
    if (same->parent == nullptr && same->subcommands.empty()) return same;
  }
  const Command* command = options_.commands->find(args[0]);
  if (command != nullptr && !command->subcommands.empty() && args.size() > 1)
    return CommandTable::find_subcommand(*command, args[1]);
  return command;
}

void Engine::resolve(Args args, Invocation& invocation, const Invocation* previous) const {
  invocation.args = args;
  invocation.command = nullptr;
  invocation.shards = 0;
  invocation.shared_args = {};
  invocation.now_ms = 0;
  invocation.key_count_ = 0;
  if (args.empty()) return;
  const Command* const command = find_command(args, previous);
  if (command == nullptr || command->row->handler == nullptr || !command->row->takes(args.size())) return;
  const KeySpec* const sole = command->sole_key;
  if (sole != nullptr && static_cast<size_t>(sole->index) < args.size()) {
    const auto argument = static_cast<uint32_t>(sole->index);
    const uint64_t hash = this->hash(args[argument]);
    invocation.inline_[0] = {hash, argument, sole->flags};
    invocation.key_count_ = 1;
    invocation.shards = uint64_t{1} << shard_of(hash);
    invocation.command = command;
    return;
  }
  if (!extract_keys(*command, args, invocation)) {
    invocation.command = nullptr;
    invocation.key_count_ = 0;
    return;
  }
  for (size_t i = 0; i < invocation.key_count_; ++i) {
    invocation.shards |= uint64_t{1} << shard_of(invocation.place(i).hash);
  }
  if (command->row->flags & kWholeStore) invocation.shards = all_shards();
  if (command->row->flags & kOwnLocks) invocation.shards = 0;
}

bool Engine::extract_keys(const Command& command, Args args, Invocation& invocation) const {
  invocation.args = args;
  invocation.command = &command;
  KeyCollector collector(*this, invocation);
  for (const KeySpec& spec : command.row->keys) {
    if (!collector.add(spec)) return false;
  }
  return true;
}

bool Engine::KeyCollector::add(const KeySpec& spec) {
  const Args args = invocation_.args;
  const auto argc = static_cast<int64_t>(args.size());
  int64_t begin = spec.index;
  if (spec.begin == KeySpec::kBeginKeyword) {
    begin = find_keyword(spec);
    if (begin < 0) return true;  // an optional part that is not there
  }
  int64_t first = begin, last = begin, step = spec.step;
  if (spec.find == KeySpec::kFindRange) {
    last = spec.last >= 0 ? begin + spec.last : argc + spec.last;
    if (spec.last < 0 && spec.limit > 1) last = begin + (argc - begin) / spec.limit + spec.last;
  } else {
    int64_t count;
    if (begin + spec.keynum_index >= argc) return false;
    if (!parse_integer(args[static_cast<size_t>(begin + spec.keynum_index)], count) || count < 0) return true;
    if (count > argc) return true;  // the handler has the better error
    first = begin + spec.first_key;
    last = first + (count - 1) * step;
  }
  if (last >= argc) {
    if (spec.find == KeySpec::kFindRange) return spec.begin == KeySpec::kBeginKeyword || first >= argc;
    return true;
  }
  if (last > first) reserve(static_cast<size_t>((last - first) / step) + 1);
  for (int64_t i = first; i <= last; i += step) append(static_cast<uint32_t>(i), spec.flags);
  return true;
}

int64_t Engine::KeyCollector::find_keyword(const KeySpec& spec) const noexcept {
  const auto argc = static_cast<int64_t>(invocation_.args.size());
  if (spec.index >= 0) {
    for (int64_t i = spec.index; i < argc; ++i) {
      if (ascii_equal_nocase(invocation_.args[static_cast<size_t>(i)], spec.keyword)) return i + 1;
    }
  } else {
    for (int64_t i = argc + spec.index; i > 0; --i) {
      if (ascii_equal_nocase(invocation_.args[static_cast<size_t>(i)], spec.keyword)) return i + 1;
    }
  }
  return -1;
}

// For so many more keys, which would otherwise take up to thrice the memory on the way.
void Engine::KeyCollector::reserve(size_t more) {
  const size_t count = invocation_.key_count_ + more;
  if (count > Invocation::kInlineKeys) invocation_.many_.reserve(count);
}

void Engine::KeyCollector::append(uint32_t argument, uint32_t flags) {
  const Invocation::KeyPlace place{engine_.hash(invocation_.args[argument]), argument, flags};
  size_t& count = invocation_.key_count_;
  if (count < Invocation::kInlineKeys) {
    invocation_.inline_[count] = place;
  } else {
    if (count == Invocation::kInlineKeys) {
      invocation_.many_.assign(invocation_.inline_, invocation_.inline_ + Invocation::kInlineKeys);
    }
    invocation_.many_.push_back(place);
  }
  ++count;
}

void Engine::prefetch(int database, std::span<const Invocation* const> batch) const noexcept {
  if (!has_database(database)) return;
  constexpr size_t kMostHomes = 64;
  Table::Home homes[kMostHomes];
  size_t count = 0;
  const auto prefetch_entries = [&] {
    for (size_t i = 0; i < count; ++i) Table::prefetch_entry(homes[i]);
    count = 0;
  };
  for (const Invocation* const invocation : batch) {
    const size_t keys = std::min(invocation->key_count(), Call::kLinesAhead);
    for (size_t i = 0; i < keys; ++i) {
      const Table::Home home = prefetch_line(database, invocation->key_hash(i));
      if (i >= Call::kEntriesAhead) continue;
      homes[count++] = home;
      if (count == kMostHomes) prefetch_entries();
    }
  }
  prefetch_entries();
}

void Engine::refuse(const Invocation& invocation, Reply& reply) const {
  const Args args = invocation.args;
  ErrorText error;
  const Command* command = args.empty() ? nullptr : options_.commands->find(args[0]);
  if (command == nullptr) {
    add_unknown_command(error, args.empty() ? Args(&kNoName, 1) : args);
  } else {
    if (!command->subcommands.empty() && args.size() > 1) {
      command = CommandTable::find_subcommand(*command, args[1]);
    }
    if (command == nullptr) {
      char upper[kShownBytes];
      const size_t n = ascii_upper(shown_part(args[0]), upper, sizeof upper);
      error.add("ERR unknown subcommand '");
      error.add(shown_part(args[1]));
      error.add("'. Try ");
      error.add({upper, n});
      error.add(" HELP.");
    } else {
      error.add("ERR wrong number of arguments for '");
      error.add(command->name);
      error.add("' command");
    }
  }
  reply.error(error.view());
}

void Engine::execute(Session& session, Args args, Reply& reply) noexcept {
  Invocation invocation;
  if (!store_.with_memory([&] { resolve(args, invocation); })) return answer_out_of_memory(reply);
  if (invocation.key_count() > 1) {
    const Invocation* const batch[] = {&invocation};
    prefetch(session.database(), batch);
  }
  run(session, invocation, reply);
}

void Engine::run(Session& session, const Invocation& invocation, Reply& reply) noexcept {
  if (try_run(session, invocation, reply) != 0) answer_out_of_memory(reply);
}

size_t Engine::try_run(Session& session, const Invocation& invocation, Reply& reply) noexcept {
  if (CallbackGuard::active()) {
    answer(reply, "ERR a callback that holds a key may call no store");
    return 0;
  }
  const OutputBuffer::Mark mark = reply.out().mark();
  bool again = false;
  const bool ran = store_.with_memory([&] {
    if (again) reply.out().rewind(mark);
    again = true;
    reply.out().reserve(kReservedReply);
    run_once(session, invocation, reply);
  });
  if (ran) return 0;
  const zm::Refusal refusal = zm::last_refusal();
  reply.out().rewind(mark);
  const size_t lacks = zm::good_size(refusal.bytes);  // the block is as large as its size class
  if (zm::tag_group(refusal.tag) != zm::TagGroup::clients && room_for(lacks) == RoomFor::after_giving)
    return lacks;
  answer_out_of_memory(reply);
  return 0;
}

void Engine::run_once(Session& session, const Invocation& invocation, Reply& reply) {
  if (invocation.command == nullptr) return refuse(invocation, reply);
  if (session.database() < 0 || session.database() >= static_cast<int>(options_.databases)) {
    return reply.error("ERR DB index is out of range");
  }
  const bool writes = (invocation.command->row->flags & kDenyOom) != 0;
  if (!make_room(writes) && writes) {
    return reply.error("OOM command not allowed when used memory > 'maxmemory'.");
  }
  Call call(store_, *this, session, invocation, reply, invocation.now_ms != 0 ? invocation.now_ms : now_ms());
  run_locked(call, invocation.shards);
}

void Engine::run_locked(Call& call, uint64_t shards) {
  struct Unlock {
    Engine& engine;
    uint64_t shards;
    ~Unlock() { engine.unlock(shards); }
  };
  lock(shards);
  Unlock unlock_after{*this, shards};
  call.command().row->handler(call);
}

void Engine::answer(Reply& reply, std::string_view error) noexcept {
  try {
    reply.error(error);
  } catch (const std::bad_alloc&) {
    reply.lose();
  }
}

void Engine::answer_out_of_memory(Reply& reply) noexcept {
  answer(reply,
         "OOM the allocator refused memory for this command, and to evict what can be would not be enough");
}

void Engine::report(Shard& shard, const Change& change) noexcept {
  shard.changes.add(1);
  tell(change);
}

void Engine::tell(const Change& change) noexcept {
  if (options_.change_sink == nullptr) return;
  CallbackGuard guard;
  options_.change_sink->record(change);
}

const SharedBytes* Call::shared_arg(size_t i) const noexcept {
  const std::span<const SharedArgument> shared = invocation_.shared_args;
  if (shared.empty()) return nullptr;
  const auto found =
      std::lower_bound(shared.begin(), shared.end(), i,
                       [](const SharedArgument& each, size_t index) { return each.index < index; });
  return found != shared.end() && found->index == i ? &found->bytes : nullptr;
}

void Call::prefetch_ahead(size_t i) const noexcept {
  const int database = session_.database();
  if (i + kLinesAhead < key_count()) engine_.prefetch_line(database, invocation_.key_hash(i + kLinesAhead));
  if (i + kEntriesAhead < key_count())
    engine_.prefetch_entry(database, invocation_.key_hash(i + kEntriesAhead));
}

void Call::changed_in(int database, std::string_view key, ChangeClass change_class, std::string_view event,
                      std::initializer_list<std::string_view> effect) const {
  // Any locked shard counts it: the sum is what is read. A call without locks holds none, and none of its
  // keys changes.
  const auto index =
      invocation_.shards == 0 ? 0u : static_cast<unsigned>(std::countr_zero(invocation_.shards));
  Change change{database, key, change_class, event, Args(effect.begin(), effect.size())};
  if (effect.size() == 0) {
    change.effect = invocation_.args;
    change.effect_database = session_.database();
  }
  engine_.report(engine_.shard(index), change);
}

void Call::also_in(int database, std::string_view key, ChangeClass change_class,
                   std::string_view event) const noexcept {
  engine_.tell({database, key, change_class, event, {}});
}

}  // namespace plimsoll

#include "input_buffer.h"

#include <zmalloc/line.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr zm::Tag kTag = zm::Tag::client_input;

constexpr size_t kFirstBlock = 16 * 1024;  // that extend() makes
constexpr size_t kLargestBlock = 512 * 1024;
constexpr size_t kUnparsedBlock = 1024 * 1024;
constexpr size_t kWorthAsking = 2048;  // a system call for less is not

// What a parser that needs more may leave of a block: a bulk string that is not large, with its line end, or
// a line that is not too long.
constexpr size_t kLargestRest = kLargestContiguous + 64;

}  // namespace

// --- blocks ---

InputBuffer::Block InputBuffer::make_block(size_t capacity) {
  Block block;
  block.data = static_cast<char*>(zm::allocate(kTag, std::max<size_t>(capacity, 1), &block.capacity));
  return block;
}

void InputBuffer::free_block(Block& block) noexcept {
  zm::deallocate(kTag, block.data);
  block = {};
}

InputBuffer::Pending& InputBuffer::use() {
  if (pending_ == nullptr) pending_ = zm::make_unique<Pending, kTag>().release();
  return *pending_;
}

void InputBuffer::release() noexcept {
  if (pending_ == nullptr) return;
  for (Block& block : pending_->blocks) free_block(block);
  for (Block& block : pending_->placed) free_block(block);
  abandon_arriving();
  std::destroy_at(pending_);
  zm::deallocate(kTag, pending_);
  pending_ = nullptr;
}

// --- figures ---

std::string_view InputBuffer::bytes() const noexcept {
  if (pending_ == nullptr || pending_->blocks.empty()) return {};
  return pending_->blocks.front().bytes();
}

size_t InputBuffer::unparsed() const noexcept {
  if (pending_ == nullptr) return 0;
  size_t sum = pending_->arrived;
  for (const Block& block : pending_->blocks) sum += block.bytes().size();
  return sum - std::min(sum, pending_->parser.position());
}

size_t InputBuffer::size() const noexcept {
  if (pending_ == nullptr) return 0;
  size_t sum = pending_->arrived;
  for (const Block& block : pending_->blocks) sum += block.bytes().size();
  for (const Block& block : pending_->placed) sum += block.bytes().size();
  for (const SharedArgument& argument : pending_->large) sum += argument.bytes.size();
  return sum;
}

size_t InputBuffer::room() const noexcept {
  if (pending_ == nullptr) return 0;
  if (pending_->arriving) return pending_->arriving.capacity() - pending_->arrived;
  return pending_->blocks.empty() ? 0 : pending_->blocks.back().room();
}

size_t InputBuffer::footprint() const noexcept {
  if (pending_ == nullptr) return 0;
  const Pending& p = *pending_;
  size_t sum = sizeof(Pending) - sizeof(RespParser) + p.parser.footprint();
  for (const Block& block : p.blocks) sum += block.capacity;
  for (const Block& block : p.placed) sum += block.capacity;
  for (const SharedArgument& argument : p.large) sum += argument.bytes.charged();
  if (p.arriving) sum += p.arriving.charged();
  return sum + (p.blocks.capacity() + p.placed.capacity()) * sizeof(Block) +
         p.large.capacity() * sizeof(SharedArgument);
}

// --- parts of commands ---

void InputBuffer::keep(std::string_view bytes, RespParser& parser) {
  const bool fresh = pending_ == nullptr;
  try {
    Pending& pending = use();
    if (!bytes.empty()) {
      make_room_for_block();
      Block block = make_block(bytes.size());
      bytes.copy(block.data, bytes.size());
      block.end = bytes.size();
      pending.blocks.push_back(block);
    }
  } catch (...) {
    if (fresh) release();
    throw;
  }
  pending_->parser.swap(parser);
}

void InputBuffer::take(char* to, RespParser& parser) noexcept {
  if (pending_ == nullptr) return;
  assert(pending_->blocks.size() <= 1);
  bytes().copy(to, bytes().size());
  if (!pending_->blocks.empty()) retire_first();
  parser.swap(pending_->parser);
  pending_->parser.clear();
  if (pending_->placed.empty() && pending_->large.empty() && !parser.refused()) release();
}

// For a block to be added now and for it in `placed` later, so that retiring it needs no memory.
void InputBuffer::make_room_for_block() {
  Pending& pending = *pending_;
  pending.blocks.reserve(pending.blocks.size() + 1);
  pending.placed.reserve(pending.placed.size() + pending.blocks.size() + 1);
}

// The first block's bytes are elsewhere now, but for arguments that stay in it.
void InputBuffer::retire_first() noexcept {
  Block& first = pending_->blocks.front();
  if (first.holds_arguments) {
    pending_->placed.push_back(first);
  } else {
    free_block(first);
  }
  pending_->blocks.erase(pending_->blocks.begin());
}

// Arguments found in the first block stay there, and bytes() is what follows them.
void InputBuffer::place_first() noexcept {
  Block& first = pending_->blocks.front();
  const size_t parsed = pending_->parser.position();
  if (pending_->parser.place(first.data + first.begin)) first.holds_arguments = true;
  first.begin += parsed;
}

size_t InputBuffer::next_extension(size_t wanted) const noexcept {
  const Pending& pending = *pending_;
  if (!pending.blocks.empty() && pending.blocks.back().room() >= std::min(wanted, kWorthAsking)) return 0;
  const size_t rest = pending.blocks.empty() ? 0 : bytes().size() - pending.parser.position();
  return rest + std::min(std::max(wanted, kWorthAsking), std::clamp(size(), kFirstBlock, kLargestBlock));
}

char* InputBuffer::extend(size_t wanted, size_t* room) {
  Pending& pending = *pending_;
  assert(pending.blocks.size() <= 1);
  if (const size_t capacity = next_extension(wanted); capacity != 0) {
    make_room_for_block();
    Block block = make_block(capacity);
    if (!pending.blocks.empty()) {
      place_first();
      bytes().copy(block.data, bytes().size());
      block.end = bytes().size();
      retire_first();
    }
    pending.blocks.push_back(block);
  }
  Block& last = pending.blocks.back();
  *room = std::min(wanted, last.room());
  return last.data + last.end;
}

size_t InputBuffer::next_unparsed_extension(size_t wanted) const noexcept {
  if (pending_ != nullptr && !pending_->blocks.empty() &&
      pending_->blocks.back().room() >= std::min(wanted, kWorthAsking)) {
    return 0;
  }
  const bool first = pending_ == nullptr || pending_->blocks.empty();
  return (first ? 0 : kLargestRest) + std::clamp(size(), kFirstBlock, kUnparsedBlock - kLargestRest);
}

char* InputBuffer::extend_unparsed(size_t wanted, size_t* room) {
  const bool fresh = pending_ == nullptr;
  try {
    use();
    if (const size_t capacity = next_unparsed_extension(wanted); capacity != 0) {
      make_room_for_block();
      Block block = make_block(capacity);
      // For what the parser leaves of the block before.
      block.begin = block.end = pending_->blocks.empty() ? 0 : kLargestRest;
      pending_->blocks.push_back(block);
    }
  } catch (...) {
    if (fresh) release();
    throw;
  }
  Block& last = pending_->blocks.back();
  *room = std::min(wanted, last.room());
  return last.data + last.end;
}

void InputBuffer::commit(size_t n) noexcept {
  pending_->blocks.back().end += n;
}

// --- large bulk strings ---

void InputBuffer::begin_large(SharedBytes bulk) {
  Pending& pending = *pending_;
  pending.large.reserve(pending.large.size() + 1);
  pending.parser.make_room_for_argument();
  pending.arriving = std::move(bulk);
  pending.arrived = 0;
  place_first();
  while (pending.arriving && !pending.blocks.empty()) {
    Block& first = pending.blocks.front();
    size_t room = 0;
    char* const to = large_place(&room);
    const size_t n = std::min(room, first.bytes().size());
    std::memcpy(to, first.bytes().data(), n);
    first.begin += n;
    if (first.bytes().empty()) retire_first();
    commit_large(n);
  }
}

char* InputBuffer::large_place(size_t* room) noexcept {
  *room = pending_->parser.large_size() - pending_->arrived;
  return pending_->arriving.data() + pending_->arrived;
}

void InputBuffer::commit_large(size_t n) noexcept {
  Pending& pending = *pending_;
  pending.arrived += n;
  if (pending.arrived < pending.parser.large_size()) return;
  pending.arriving.set_size(pending.arrived);
  const size_t index = pending.parser.argument_count();
  pending.parser.take_large(pending.arriving.data());
  pending.large.push_back({index, std::move(pending.arriving)});
  pending.arriving = SharedBytes();
  pending.arrived = 0;
}

std::span<const SharedArgument> InputBuffer::large_arguments() const noexcept {
  if (pending_ == nullptr) return {};
  return {pending_->large.data(), pending_->large.size()};
}

void InputBuffer::abandon_arriving() noexcept {
  Pending& pending = *pending_;
  if (!pending.arriving) return;
  const size_t never_came = pending.arriving.capacity() - pending.arrived;
  pending.arriving = SharedBytes();
  pending.arrived = 0;
  zm::line::freed_untouched(never_came);
}

void InputBuffer::refuse(Text error) noexcept {
  Pending& pending = *pending_;
  if (!pending.blocks.empty()) place_first();
  release_placed();
  const size_t taken = pending.arrived;
  abandon_arriving();
  pending.refusal = std::move(error);
  pending.parser.refuse(taken);
}

std::string_view InputBuffer::refusal() const noexcept {
  return pending_ == nullptr ? std::string_view() : std::string_view(pending_->refusal);
}

// --- what was parsed goes ---

void InputBuffer::release_placed() noexcept {
  if (pending_ == nullptr) return;
  for (Block& block : pending_->placed) free_block(block);
  pending_->placed.clear();
  pending_->large.clear();
  pending_->refusal.clear();
  if (!pending_->blocks.empty()) pending_->blocks.front().holds_arguments = false;
}

bool InputBuffer::consume(size_t n) noexcept {
  if (pending_ == nullptr) return false;
  Pending& pending = *pending_;
  bool gone = false;
  if (!pending.blocks.empty()) {
    pending.blocks.front().begin += n;
    if (pending.parser.refused()) place_first();
    if (bytes().empty()) {
      retire_first();
      gone = true;
    } else {
      shrink_first();
    }
  }
  if (pending.blocks.empty() && pending.placed.empty() && pending.large.empty() && !pending.arriving &&
      pending.parser.fresh()) {
    release();
  }
  return gone;
}

// What a large command left behind shall not keep its memory.
void InputBuffer::shrink_first() noexcept {
  Block& first = pending_->blocks.front();
  const std::string_view left = first.bytes();
  if (first.holds_arguments || first.capacity <= kFirstBlock || left.size() > first.capacity / 4) return;
  if (pending_->blocks.size() > 1) return;  // it goes soon
  size_t capacity = 0;
  void* const data = zm::try_allocate(kTag, left.size(), &capacity);
  if (data == nullptr) return;
  left.copy(static_cast<char*>(data), left.size());
  const size_t size = left.size();
  free_block(first);
  first.data = static_cast<char*>(data);
  first.capacity = capacity;
  first.end = size;
}

bool InputBuffer::join() {
  Pending& pending = *pending_;
  if (pending.blocks.size() < 2) return false;
  place_first();
  const std::string_view rest = bytes();
  Block& next = pending.blocks[1];
  // A parser that needs more leaves no more than kLargestRest.
  if (rest.size() > next.begin) throw std::logic_error("bug: input that was never parsed");
  next.begin -= rest.size();
  rest.copy(next.data + next.begin, rest.size());
  retire_first();
  return true;
}

}  // namespace plimsoll::server

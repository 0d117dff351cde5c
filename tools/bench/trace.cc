#include "trace.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr uint64_t kMaxValue = uint64_t{512} << 20;
constexpr size_t kBufferSize = 256 * 1024;
constexpr size_t kMaxLine = 4096;

std::optional<TraceOp> parse_op(std::string_view name) {
  if (name == "get") return TraceOp::kGet;
  if (name == "set") return TraceOp::kSet;
  if (name == "del") return TraceOp::kDelete;
  return std::nullopt;
}

}  // namespace

std::optional<TraceRequest> parse_trace_line(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  // From the right: a key may hold commas.
  const size_t second = line.rfind(',');
  if (second == std::string_view::npos || second == 0) return std::nullopt;
  const size_t first = line.rfind(',', second - 1);
  if (first == std::string_view::npos || first == 0 || first > kMaxTraceKey) return std::nullopt;
  const auto size = parse_unsigned(line.substr(first + 1, second - first - 1));
  const auto op = parse_op(line.substr(second + 1));
  if (!size || *size > kMaxValue || !op) return std::nullopt;
  return TraceRequest{line.substr(0, first), *size, *op};
}

TraceReader::TraceReader(const std::string& path) : TraceReader(open_source(path), path) {}

TraceReader::TraceReader(std::unique_ptr<ByteSource> source, std::string name)
    : name_(std::move(name)), source_(std::move(source)), buffer_(kBufferSize) {}

std::optional<std::string_view> TraceReader::next_line() {
  while (true) {
    const char* start = buffer_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
    const size_t size = newline == nullptr ? end_ - begin_ : static_cast<size_t>(newline - start);
    if (size > kMaxLine) {
      throw BenchError(name_ + ": line " + std::to_string(line_number_ + 1) + " is too long for a trace");
    }
    if (newline != nullptr || (at_end_ && size > 0)) {
      begin_ += size + (newline == nullptr ? 0 : 1);
      ++line_number_;
      return std::string_view(start, size);
    }
    if (at_end_) return std::nullopt;
    std::memmove(buffer_.data(), start, size);
    begin_ = 0;
    end_ = size;
    const size_t added = source_->read(buffer_.data() + end_, buffer_.size() - end_);
    at_end_ = added == 0;
    end_ += added;
  }
}

std::optional<TraceRequest> TraceReader::next() {
  while (const auto line = next_line()) {
    if (line->empty() || *line == "\r" || line->front() == '#') continue;
    if (line_number_ == 1 && line->substr(0, 8) == "key,size") continue;
    if (auto request = parse_trace_line(*line)) return request;
    throw BenchError(name_ + ": line " + std::to_string(line_number_) + " is no `key,size,op`: '" +
                     std::string(line->substr(0, 80)) + "'");
  }
  return std::nullopt;
}

}  // namespace plimsoll::bench

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

enum class TraceOp : uint8_t { kGet, kSet, kDelete };

/// One line `key,size,op` of an access trace: op is get, set or del, size the bytes of the key's value.
struct TraceRequest {
  std::string_view key;  // 1 to kMaxTraceKey bytes
  uint64_t size = 0;     // at most 512 MiB
  TraceOp op = TraceOp::kGet;
};

constexpr size_t kMaxTraceKey = 1024;

/// No value for a line that is no request. The key points into `line`.
std::optional<TraceRequest> parse_trace_line(std::string_view line);

/// Where a reader takes its bytes from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes; 0 at the end. Throws BenchError.
  virtual size_t read(char* into, size_t size) = 0;
};

/// A file as it is, or decompressed if it begins as a Zstandard frame. Throws BenchError if it cannot be
/// opened, and for Zstandard if this program was built without libzstd.
std::unique_ptr<ByteSource> open_source(const std::string& path);

/// Reads a trace line by line in constant memory. A first line `key,size,op`, blank lines and lines that
/// begin with # are skipped.
class TraceReader {
 public:
  explicit TraceReader(const std::string& path);
  TraceReader(std::unique_ptr<ByteSource> source, std::string name);

  /// No value at the end. The key is valid until the next call. Throws BenchError with the number of a line
  /// that is no request.
  std::optional<TraceRequest> next();

 private:
  std::optional<std::string_view> next_line();

  std::string name_;
  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool at_end_ = false;
  uint64_t line_number_ = 0;
};

}  // namespace plimsoll::bench

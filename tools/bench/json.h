#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::bench {

/// Writes one JSON document (RFC 8259) in the order of the calls. In an object every value is preceded by
/// key(); in an array by nothing. The caller closes what it opened. Bytes outside ASCII are kept as they are.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(uint64_t number);
  /// Six significant decimals; null if it is not finite.
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  JsonWriter& null();

  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  const std::string& text() const { return text_; }

 private:
  void separate();
  void append_quoted(std::string_view text);

  std::string text_;
  bool needs_comma_ = false;
};

/// Replaces the file's content. Throws BenchError.
void write_file(const std::string& path, std::string_view content);

}  // namespace plimsoll::bench

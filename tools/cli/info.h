#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::cli {

// The fields of an INFO reply, in its order.
class Info {
 public:
  using Field = std::pair<std::string, std::string>;

  Info() = default;
  explicit Info(std::string_view text);

  const std::vector<Field>& fields() const { return fields_; }
  // The first field so named.
  std::optional<std::string> text(std::string_view name) const;
  // The same as a number. None has more than 60 bits: no counter gets there, and sums and differences stay
  // exact.
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::int64_t integer_or_zero(std::string_view name) const { return integer(name).value_or(0); }
  void append(const Info& other);

  // Of all databases together: the keys= of the db0, db1 ... fields.
  std::int64_t total_keys() const;

 private:
  std::vector<Field> fields_;
};

}  // namespace plimsoll::cli

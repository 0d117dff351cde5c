#pragma once

#include <cstdint>
#include <string_view>

#include "arguments.h"

namespace plimsoll {

enum class ExpiryOption : uint8_t { none, ex, px, exat, pxat, keep_ttl, persist };

// What SET and GETEX are told of an expiry. The amount is read only when it is needed, because of the order
// Redis finds errors in.
struct ExpiryChoice {
  ExpiryOption option = ExpiryOption::none;
  std::string_view amount = {};

  bool has_amount() const noexcept { return option >= ExpiryOption::ex && option <= ExpiryOption::pxat; }
  bool is_absolute() const noexcept { return option == ExpiryOption::exat || option == ExpiryOption::pxat; }

  // Takes EX, PX, EXAT or PXAT with its amount. An option may be repeated, but goes with no other; false
  // then.
  bool accept_amount(ArgumentReader& arguments);
  // Takes the word for an option without an amount.
  bool accept(ArgumentReader& arguments, std::string_view word, ExpiryOption wanted);

 private:
  bool free_for(ExpiryOption wanted) const noexcept {
    return option == ExpiryOption::none || option == wanted;
  }
};

// The choice's amount as Unix ms, positive. Otherwise answers the error, and false.
bool read_expiry(const Call& call, const ExpiryChoice& choice, int64_t& expiry);

// "ERR invalid expire time in 'set' command", with this command's name.
void refuse_expiry(const Call& call);

}  // namespace plimsoll

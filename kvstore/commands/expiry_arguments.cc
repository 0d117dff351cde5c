#include "commands/expiry_arguments.h"

namespace plimsoll {

bool ExpiryChoice::accept_amount(ArgumentReader& arguments) {
  struct Word {
    std::string_view text;
    ExpiryOption option;
  };
  constexpr Word kWords[] = {{"EX", ExpiryOption::ex},
                             {"PX", ExpiryOption::px},
                             {"EXAT", ExpiryOption::exat},
                             {"PXAT", ExpiryOption::pxat}};
  for (const Word& word : kWords) {
    if (!free_for(word.option) || !arguments.accept(word.text, 1)) continue;
    option = word.option;
    amount = arguments.text();
    return true;
  }
  return false;
}

bool ExpiryChoice::accept(ArgumentReader& arguments, std::string_view word, ExpiryOption wanted) {
  if (!free_for(wanted) || !arguments.accept(word)) return false;
  option = wanted;
  return true;
}

bool read_expiry(const Call& call, const ExpiryChoice& choice, int64_t& expiry) {
  int64_t time;
  if (!parse_integer(choice.amount, time)) {
    call.reply().error(errors::kNotAnInteger);
    return false;
  }
  const bool seconds = choice.option == ExpiryOption::ex || choice.option == ExpiryOption::exat;
  const bool fits = time > 0 && (!seconds || !__builtin_mul_overflow(time, 1000, &time)) &&
                    (choice.is_absolute() || !__builtin_add_overflow(time, call.now_ms(), &time));
  if (!fits) {
    refuse_expiry(call);
    return false;
  }
  expiry = time;
  return true;
}

void refuse_expiry(const Call& call) {
  zm::string<zm::Tag::command> error("ERR invalid expire time in '");
  error.append(call.command().name).append("' command");
  call.reply().error(error);
}

}  // namespace plimsoll

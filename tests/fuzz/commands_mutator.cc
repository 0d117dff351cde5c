// Changes scripts line by line and argument by argument, with what the command rows say; now and then byte by
// byte.
#include <cstring>

#include "generator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace plimsoll::fuzz {
namespace {

using Script = std::vector<Words>;

// Any argument, at any place of a line but that of the command's name.
void change_argument(Words& line, Generator& generator) {
  if (line.size() < 2) return line.push_back(generator.argument());
  std::string& argument = line[1 + generator.below(line.size() - 1)];
  if (generator.below(3) != 0) {
    argument = generator.argument();
    return;
  }
  const size_t size = argument.size();
  argument.resize(size + 16);
  argument.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(argument.data()), size, argument.size()));
}

void change_line(Words& line, Generator& generator) {
  switch (generator.below(6)) {
    case 0:
      line.push_back(generator.argument());
      break;
    case 1:
      if (line.size() > 1) line.pop_back();
      break;
    case 2:
      line = generator.command();
      break;
    case 3:
      if (line.size() > 2) std::swap(line[1], line[line.size() - 1]);
      break;
    default:
      change_argument(line, generator);
      break;
  }
}

void change(Script& script, Generator& generator) {
  const size_t at = generator.below(script.size() + 1);
  const auto place = script.begin() + static_cast<std::ptrdiff_t>(at);
  if (script.empty() || generator.below(3) == 0) {
    script.insert(place, generator.below(5) == 0 ? generator.directive() : generator.command());
    return;
  }
  Words& line = script[generator.below(script.size())];
  switch (generator.below(8)) {
    case 0:
      script.erase(script.begin() + static_cast<std::ptrdiff_t>(at % script.size()));
      break;
    case 1: {
      Words again = line;
      script.insert(place, std::move(again));
      break;
    }
    case 2:
      std::swap(line, script[at % script.size()]);
      break;
    default:
      change_line(line, generator);
      break;
  }
}

// Lines are left out at the end until the text fits.
size_t put(Script script, uint8_t* data, size_t max_size) {
  std::string text = write_script(script);
  while (text.size() > max_size) {
    script.pop_back();
    text = write_script(script);
  }
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  using namespace plimsoll::fuzz;
  Generator generator(seed);
  if (generator.below(20) == 0) return LLVMFuzzerMutate(data, size, max_size);
  Script script = read_script(text_of(data, size));
  for (uint64_t i = 0, n = 1 + generator.below(4); i < n; ++i) change(script, generator);
  return put(std::move(script), data, max_size);
}

// The beginning of one script, then the end of another.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1, const uint8_t* data2,
                                            size_t size2, uint8_t* out, size_t max_out_size, unsigned seed) {
  using namespace plimsoll::fuzz;
  Generator generator(seed);
  Script script = read_script(text_of(data1, size1));
  const Script other = read_script(text_of(data2, size2));
  script.resize(generator.below(script.size() + 1));
  script.insert(script.end(), other.end() - static_cast<std::ptrdiff_t>(generator.below(other.size() + 1)),
                other.end());
  return put(std::move(script), out, max_out_size);
}

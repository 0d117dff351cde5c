#pragma once

#include <string>
#include <vector>

#include "command_shapes.h"
#include "random_arguments.h"

namespace plimsoll::wire {

struct GeneratedCommand {
  const CommandShape* shape;
  std::vector<std::string> argv;
};

// Random commands from the shapes whose commands a server has registered. The same seed gives the same
// commands.
class Generator {
 public:
  // `registered` as COMMAND LIST gives it, in lower case. Throws std::invalid_argument if no shape is left or
  // a shape cannot be read.
  Generator(uint64_t seed, const std::vector<std::string>& registered);

  GeneratedCommand next();
  Random& random() { return random_; }

 private:
  struct Choice {
    const CommandShape* shape;
    std::vector<std::string> tokens;
  };

  void mutate(std::vector<std::string>& argv);

  Random random_;
  std::vector<Choice> choices_;
  std::vector<int> weights_;
  std::discrete_distribution<size_t> pick_;
};

}  // namespace plimsoll::wire

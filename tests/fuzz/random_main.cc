// random_main SCRIPTS SEED: scripts of generated commands through the checks of Trial. The seed of a finding
// is printed with it; one script alone is printed whole.
#include <cstdio>
#include <cstdlib>

#include "generator.h"
#include "trial.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s SCRIPTS SEED\n", argv[0]);
    return 2;
  }
  const unsigned long scripts = std::strtoul(argv[1], nullptr, 10),
                      first = std::strtoul(argv[2], nullptr, 10);
  for (unsigned long seed = first; seed < first + scripts; ++seed) {
    plimsoll::fuzz::Generator generator(seed);
    const auto script = generator.script(40);
    std::fprintf(stderr, "seed %lu\n", seed);
    if (scripts == 1) std::fputs(plimsoll::fuzz::write_script(script).c_str(), stderr);
    plimsoll::fuzz::run_script(script);
  }
  std::printf("%lu scripts\n", scripts);
}

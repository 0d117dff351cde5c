#include "options.h"

int main(int argc, char** argv) {
  return plimsoll::bench::run_command_line(argc, argv);
}

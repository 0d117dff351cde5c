#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <string>

#include "wire_environment.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    plimsoll::wire::register_case_tests();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  const int failed = RUN_ALL_TESTS();
  const std::string wrong = plimsoll::wire::end_shared_pair();
  if (wrong.empty()) return failed;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  return 1;
}

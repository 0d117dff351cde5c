#include <gtest/gtest.h>

#include <cstdio>
#include <exception>

#include "wire_environment.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    plimsoll::wire::register_case_tests();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return RUN_ALL_TESTS();
}

// The fixed cases: one test for each script, protocol and way of delivery.
#include <gtest/gtest.h>

#include "case_file.h"
#include "script_runner.h"
#include "wire_environment.h"

namespace plimsoll::wire {
namespace {

struct Way {
  const char* name;
  Delivery delivery;
};
constexpr Way kWays[] = {{"stepwise", Delivery::kStepwise},
                         {"one_write", Delivery::kOneWrite},
                         {"fragments", Delivery::kFragments}};

class ScriptTest : public testing::Test {
 public:
  ScriptTest(const Script& script, RunOptions options) : script_(script), options_(options) {}

  void TestBody() override {
    for (const std::string& mismatch : run_script(script_, options_).mismatches) ADD_FAILURE() << mismatch;
  }

 private:
  const Script& script_;
  RunOptions options_;
};

}  // namespace

void register_case_tests() {
  for (const Script& script : all_scripts()) {
    for (const int protocol : {2, 3}) {
      if (script.protocol != 0 && script.protocol != protocol) continue;
      for (const Way& way : kWays) {
        const std::string name = script.name + "/resp" + std::to_string(protocol) + "_" + way.name;
        const RunOptions options{.protocol = protocol, .delivery = way.delivery, .seed = wire_seed()};
        testing::RegisterTest(
            script.file.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
            [&script, options]() -> testing::Test* { return new ScriptTest(script, options); });
      }
    }
  }
}

}  // namespace plimsoll::wire

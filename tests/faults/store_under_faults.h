#pragma once

#include <plimsoll/store.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/recording_sink.h"
#include "entry.h"
#include "examples.h"
#include "inspection.h"
#include "store/harness.h"
#include "support/refusals.h"

namespace plimsoll::test {

// What a command did.
struct Outcome {
  std::string reply;
  bool lost = false;  // not even an error found room
  fuzz::Data data;
  Words events;
  int database = 0;
  uint64_t refused = 0;

  bool out_of_memory() const { return lost || reply.starts_with("-OOM"); }
};

// A small store with the examples' keys, and all that has to hold of one whatever was refused.
class StoreUnderFaults {
 public:
  explicit StoreUnderFaults(EvictionPolicy policy = EvictionPolicy::noeviction,
                            std::span<const std::string> more_keys = {});

  Store& store() { return store_; }
  FakeClock& clock() { return clock_; }
  fuzz::Data data() { return fuzz::read_data(store_); }
  Words take_events() { return sink_.take_events(); }
  // How K is kept; nothing if it is not there.
  std::optional<Encoding> encoding_of(std::string_view key);

  Outcome run(const Words& line, const std::optional<zm::faults::Plan>& plan = {});
  // Empty, or what is wrong: tables, counts, what entries hold beside what their tags and the store say.
  std::string faults();
  // The same once the store has been flushed: nothing of what it held is counted any more.
  std::string faults_when_flushed();

 private:
  size_t counted_before_;
  fuzz::TypeBytes tags_before_;
  FakeClock clock_;
  RecordingSink sink_;
  Store store_;
};

}  // namespace plimsoll::test

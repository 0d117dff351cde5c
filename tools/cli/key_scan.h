#pragma once

#include <string>
#include <vector>

#include "mode_session.h"
#include "options.h"

namespace plimsoll::cli {

// Walks the selected database with SCAN, one call's keys at a time, by the pattern and count of the options.
class KeyScan {
 public:
  KeyScan(const Options& options, ModeSession& session) : options_(options), session_(session) {}

  bool finished() const { return finished_; }
  // May be empty before the end. Throws ModeError.
  std::vector<std::string> next();

 private:
  const Options& options_;
  ModeSession& session_;
  std::string cursor_ = "0";
  bool finished_ = false;
};

}  // namespace plimsoll::cli

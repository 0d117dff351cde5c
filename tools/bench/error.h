#pragma once

#include <stdexcept>
#include <string>

namespace plimsoll::bench {

/// A measurement that could not be made: the server is unreachable, was lost, or answered nonsense. Exit
/// code 1.
class BenchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A request of the user that makes no sense. Exit code 2.
class UsageError : public BenchError {
 public:
  using BenchError::BenchError;
};

/// Message with the text of errno value `error` appended.
std::string with_errno(const std::string& message, int error);

}  // namespace plimsoll::bench

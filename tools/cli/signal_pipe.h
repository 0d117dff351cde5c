#pragma once

#include <initializer_list>

namespace plimsoll::cli {

// Turns signals into a readable descriptor, so that they can be waited for beside sockets without a race.
// While one lives its signals do nothing else; afterwards they act as before. One per signal at a time in a
// process.
class SignalPipe {
 public:
  explicit SignalPipe(std::initializer_list<int> signals);
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  // Readable from a signal on until drain().
  int fd() const { return read_end_; }
  bool raised() const;
  void drain();

 private:
  int read_end_ = -1;
  int write_end_ = -1;
  std::initializer_list<int>::size_type count_ = 0;
  int signals_[4] = {};
};

// Waits for the time or until `fd` is readable; true if the whole time passed.
bool pause_for(double seconds, int fd);

}  // namespace plimsoll::cli

#include "command_clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace plimsoll::server {

namespace {

// A counter that goes on at one rate on every processor: the kernel's own clock is made of it.
bool counter_keeps_time() noexcept {
#if defined(__x86_64__)
  constexpr unsigned kPowerLeaf = 0x80000007, kInvariant = 1u << 8;  // CPUID, of the time-stamp counter
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(kPowerLeaf, &eax, &ebx, &ecx, &edx) == 0 || (edx & kInvariant) == 0) return false;
  const int fd =
      ::open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char name[16];
  const ssize_t size = ::read(fd, name, sizeof name);
  ::close(fd);
  const std::string_view source(name, size > 0 ? static_cast<size_t>(size) : 0);
  return source == "tsc\n" || source == "kvm-clock\n";
#else
  return false;
#endif
}

}  // namespace

CommandClock::CommandClock() noexcept : usable_(counter_keeps_time()) {
  compare();
}

// Where the thread was held up between the looks they tell nothing. A rate is taken over a twentieth of a
// second at least, and over a few seconds at most: the kernel's clock is steered.
void CommandClock::compare() noexcept {
  constexpr uint64_t kHeldUpNs = 2'000, kLeastNs = 50'000'000, kMostNs = 4'000'000'000,
                     kTrustedNs = 2'000'000;
  if (!usable_) return;
  const uint64_t before = monotonic_ns(), ticks_now = ticks(), now = monotonic_ns();
  if (now - before > kHeldUpNs) return;
  const uint64_t gone_ns = now - compared_ns_, gone_ticks = ticks_now - compared_ticks_;
  const bool first = compared_ns_ == 0;
  if (!first && gone_ns < kLeastNs) return;
  compared_ns_ = now;
  compared_ticks_ = ticks_now;
  if (first || gone_ns > kMostNs || gone_ticks == 0) return;
  ns_per_tick_ = (gone_ns << kFraction) / gone_ticks;
  trusted_ticks_ = ns_per_tick_ == 0 ? 0 : (kTrustedNs << kFraction) / ns_per_tick_;
}

}  // namespace plimsoll::server

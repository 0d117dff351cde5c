#include "event_rounds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "readiness.h"

namespace plimsoll::server {
namespace {

// Notes what happens in a context whose rounds are told of.
class EventRoundsTest : public testing::Test {
 protected:
  // A pipe with a byte in it, and a note when that is seen.
  class Event {
   public:
    Event(EventRoundsTest& test, char name)
        : test_(test), name_(name), readiness_(test.context_, this, &seen, [](void*) noexcept {}) {
      EXPECT_EQ(::pipe(ends_), 0);
      readiness_.start(ends_[0]);
      happen();
    }
    ~Event() {
      readiness_.stop();
      ::close(ends_[0]);
      ::close(ends_[1]);
    }
    void happen() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

   private:
    static void seen(void* self) noexcept {
      auto& event = *static_cast<Event*>(self);
      event.test_.notes_ += event.name_;
      event.test_.notes_ += event.test_.rounds_.several() ? '+' : '.';
    }

    EventRoundsTest& test_;
    char name_;
    int ends_[2] = {-1, -1};
    Readiness readiness_;
  };

  static void end(void* self) noexcept {
    auto& test = *static_cast<EventRoundsTest*>(self);
    test.notes_ += '|';
    if (test.at_end_) test.at_end_();
  }

  std::string notes_;
  std::function<void()> at_end_;
  asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  EventRounds rounds_{context_, this, &end};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
};

TEST_F(EventRoundsTest, EndBeforeTheNextLook) {
  const Event a(*this, 'a'), b(*this, 'b');
  context_.poll();
  ASSERT_TRUE(notes_ == "|a+b+|" || notes_ == "|b+a+|") << notes_;
  notes_.clear();
  b.happen();
  context_.poll();
  EXPECT_EQ(notes_, "|b.|") << "one at a time";
}

// The callback may ask for more, while the reactor is about to wait for what does not come.
TEST_F(EventRoundsTest, WhatIsPostedAtTheEndIsNotWaitedFor) {
  const Event a(*this, 'a');
  context_.poll();
  bool ran = false;
  at_end_ = [&] {
    if (!ran) asio::post(context_, [&] { ran = true; });
  };
  context_.run_one_for(std::chrono::seconds(10));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace plimsoll::server

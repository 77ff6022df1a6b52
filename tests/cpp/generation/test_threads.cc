#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "base/error.h"
#include "fakes.h"

using namespace llmodule;

namespace {

bool is_busy(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == ErrorCode::kBusy;
  }
  return false;
}

}  // namespace

TEST_CASE("while a generation runs, other calls are told that the session is busy") {
  Fixture fixture;
  std::promise<void> started;
  std::promise<void> release;
  fixture.model->during_step = [&] {
    started.set_value();
    release.get_future().wait();
  };
  auto first = std::async(std::launch::async, [&] { return fixture.generate({1, 2}); });
  started.get_future().wait();
  CHECK(is_busy([&] { fixture.generate({1}); }));
  CHECK(is_busy([&] { fixture.session.reset(); }));
  release.set_value();
  CHECK(first.get().finish_reason == FinishReason::kEos);
  fixture.model->during_step = {};
  CHECK_NOTHROW(fixture.session.reset());
  CHECK_NOTHROW(fixture.generate({1}));
}

TEST_CASE("a callback that generates is told so too, instead of waiting for itself") {
  Fixture fixture;
  fixture.script(1, {5});
  bool busy = false;
  fixture.generate({1}, {}, [&](const TokenEvent&) {
    busy = is_busy([&] { fixture.generate({1}); });
    return true;
  });
  CHECK(busy);
}

TEST_CASE("another thread cancels") {
  Fixture fixture;
  fixture.count_forever();
  std::promise<void> decoding;
  std::promise<void> cancelled;
  std::thread canceller([&] {
    decoding.get_future().wait();
    fixture.cancel.cancel();
    cancelled.set_value();
  });
  const GenerationResult result = fixture.generate({1}, {}, [&](const TokenEvent& event) {
    if (event.token == 5) {
      decoding.set_value();
      cancelled.get_future().wait();
    }
    return true;
  });
  canceller.join();
  CHECK(result.finish_reason == FinishReason::kInterrupt);
  CHECK(result.tokens == Ids{2, 3, 4, 5});
}

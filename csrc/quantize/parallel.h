#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace llmodule {

/// Calls body(begin, end) for parts that together are [0, count), on up to `threads` threads (0: one per core).
/// Which part runs where does not change the result, as long as body's iterations are independent.
/// The first exception of a part is thrown again once all have ended.
template <typename Body>
void parallel_for(std::size_t count, int threads, const Body& body) {
  if (threads < 0) {
    throw std::invalid_argument("threads must be 0 (one per core) or positive, not " + std::to_string(threads));
  }
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t wanted = threads == 0 ? cores : std::min<std::size_t>(threads, 4 * cores);
  const std::size_t parts = std::max<std::size_t>(1, std::min(wanted, count));
  std::vector<std::exception_ptr> errors(parts);
  const auto run = [&](std::size_t part) {
    try {
      body(count * part / parts, count * (part + 1) / parts);
    } catch (...) {
      errors[part] = std::current_exception();
    }
  };
  std::vector<std::thread> workers;
  workers.reserve(parts - 1);
  std::size_t started = 1;
  try {
    for (; started < parts; ++started) {
      workers.emplace_back(run, started);
    }
  } catch (const std::system_error&) {
    // No more threads to be had: this one does what is left.
  }
  run(0);
  for (std::size_t part = started; part < parts; ++part) {
    run(part);
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace llmodule

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

#include "base/error.h"
#include "bench/measure.h"
#include "bench/options.h"
#include "bench/report.h"

int main(int argc, char** argv) {
  using namespace llmodule;
  try {
    const bench::Options options = bench::parse(argc, argv);
    if (options.help) {
      std::fputs(bench::usage(), stdout);
      return 0;
    }
    if (options.version) {
      std::puts("llmodule-bench " LLMODULE_VERSION);
      return 0;
    }
    if (options.profile) {
      std::fputs(bench::as_text(options, bench::profile(options)).c_str(), stdout);
      return 0;
    }
    const bench::Figures figures = bench::measure(options);
    if (options.json == "-") {
      std::fputs(bench::as_json(options, figures).c_str(), stdout);
      return 0;
    }
    std::fputs(bench::as_text(options, figures).c_str(), stdout);
    if (!options.json.empty()) {
      std::ofstream file(options.json);
      if (!(file << bench::as_json(options, figures)) || !file.flush()) {
        throw Error(ErrorCode::kIo, "'" + options.json + "' can't be written");
      }
    }
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "llmodule-bench: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llmodule-bench: %s\n", error.what());
    return 1;
  }
}

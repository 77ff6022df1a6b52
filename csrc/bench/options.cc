#include "bench/options.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace llmodule::bench {
namespace {

std::size_t number(std::string_view option, std::string_view value, std::size_t least) {
  std::size_t result = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc() || end != value.data() + value.size() || result < least || result > 1'000'000) {
    throw std::invalid_argument(std::string(option) + " is '" + std::string(value) +
                                "'; it takes a whole number from " + std::to_string(least) + " to 1000000");
  }
  return result;
}

}  // namespace

const char* usage() {
  return "usage: llmodule-bench MODEL.pte [options]\n"
         "\n"
         "Measures prefill and decode of a model with its token loop, greedy, on a fixed pseudo-random prompt.\n"
         "\n"
         "  --prompt-tokens N   tokens to prefill, which is also the context that decoding starts at (512)\n"
         "  --new-tokens N      tokens to decode (128)\n"
         "  --repetitions N     measured repetitions, after one that is not (5)\n"
         "  --draft-tokens N    tokens guessed and checked in one step at most; 0: none (0)\n"
         "  --prefill-chunk N   tokens per prefill step; 0: as many as the model takes (256)\n"
         "  --threads N         threads; 0: one per physical core (0)\n"
         "  --profile           print where the time of a step goes instead, by operator, and how fast memory is\n"
         "  --json FILE         also write the figures as JSON; - for standard output, without the text\n"
         "  --version           the version of llmodule\n"
         "  --help              this text\n";
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "--version") {
      (argument == "--version" ? options.version : options.help) = true;
      return options;
    }
    if (argument == "--profile") {
      options.profile = true;
      continue;
    }
    if (argument.substr(0, 2) != "--") {
      if (!options.model.empty())
        throw std::invalid_argument("one model at a time; unexpected '" + std::string(argument) + "'");
      options.model = argument;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(argument) + " needs a value; see --help");
    const std::string_view value = argv[++i];
    if (argument == "--prompt-tokens") {
      options.prompt_tokens = number(argument, value, 1);
    } else if (argument == "--new-tokens") {
      options.new_tokens = number(argument, value, 2);
    } else if (argument == "--repetitions") {
      options.repetitions = number(argument, value, 1);
    } else if (argument == "--draft-tokens") {
      options.draft_tokens = number(argument, value, 0);
    } else if (argument == "--prefill-chunk") {
      options.prefill_chunk = number(argument, value, 0);
    } else if (argument == "--threads") {
      options.threads = number(argument, value, 0);
    } else if (argument == "--json") {
      options.json = value;
    } else {
      throw std::invalid_argument("unknown option '" + std::string(argument) + "'; see --help");
    }
  }
  if (options.model.empty()) throw std::invalid_argument("no model given; see --help");
  return options;
}

}  // namespace llmodule::bench

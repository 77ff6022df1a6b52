#include "bench/report.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace llmodule::bench {
namespace {

struct Summary {
  double min, median, max;
};

Summary summarize(const Figures& figures, double Sample::* field, double scale = 1.0) {
  std::vector<double> values;
  for (const Sample& sample : figures.samples) values.push_back(sample.*field * scale);
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

template <typename... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof(buffer), pattern, args...);
  return buffer;
}

std::string text_row(const char* name, const char* unit, const Summary& s) {
  return format("%-14s %10.2f %10.2f %10.2f  %s\n", name, s.min, s.median, s.max, unit);
}

std::string json_row(const char* name, const Summary& s) {
  return format("  \"%s\": {\"min\": %.6g, \"median\": %.6g, \"max\": %.6g},\n", name, s.min, s.median, s.max);
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += format("\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string profile_table(const char* title, const std::vector<Profiler::Entry>& entries, std::size_t tokens) {
  double total = 0.0;
  for (const Profiler::Entry& entry : entries) total += entry.seconds;
  const double per_token = 1e6 / static_cast<double>(std::max<std::size_t>(tokens, 1));
  std::string out = format("%s: %zu tokens, %.1f us each\n", title, tokens, total * per_token);
  for (const Profiler::Entry& entry : entries) {
    out +=
        format("%10.2f us %6.1f %% %8zu calls  ", entry.seconds * per_token, 1e2 * entry.seconds / total, entry.calls);
    out += entry.name + "\n";
  }
  return out + "\n";
}

}  // namespace

std::string as_text(const Options& options, const Figures& figures) {
  std::string out = options.model + "\n";
  out += format("%zu threads, prompt of %zu tokens, %zu new tokens, %zu repetitions\n\n", figures.threads,
                options.prompt_tokens, options.new_tokens, options.repetitions);
  out += format("%-14s %10s %10s %10s\n", "", "min", "median", "max");
  out += text_row("prefill", "tokens/s", summarize(figures, &Sample::prefill_rate));
  out += text_row("decode", "tokens/s", summarize(figures, &Sample::decode_rate));
  out += text_row("first token", "ms", summarize(figures, &Sample::first_token_seconds, 1e3));
  out += text_row("overhead", "% of time outside the runtime", summarize(figures, &Sample::overhead, 1e2));
  out += format("%-14s %10s %10.2f %10s  s\n", "load", "", figures.load_seconds, "");
  out += format("%-14s %10s %10.1f %10s  MB\n", "peak RSS", "", figures.peak_rss_bytes / 1e6, "");
  return out;
}

std::string as_text(const Options& options, const Profile& profile) {
  std::string out = options.model + "\nself time per token, slowed by the reports themselves\n\n";
  out += profile_table("prefill", profile.prefill, profile.prompt_tokens);
  out += profile_table("decode", profile.decode, profile.new_tokens);
  out += format("memory: %.1f GB/s are read; the file's %.1f MB once a token would be %.1f tokens/s\n",
                profile.read_bandwidth / 1e9, profile.model_bytes / 1e6, profile.read_bandwidth / profile.model_bytes);
  return out;
}

std::string as_json(const Options& options, const Figures& figures) {
  std::string out = "{\n";
  out += "  \"version\": \"" LLMODULE_VERSION "\",\n";
  out += "  \"model\": " + json_string(options.model) + ",\n";
  out += format("  \"threads\": %zu,\n  \"context_length\": %zu,\n  \"vocab_size\": %zu,\n", figures.threads,
                figures.context_length, figures.vocab_size);
  out += format("  \"prompt_tokens\": %zu,\n  \"new_tokens\": %zu,\n  \"repetitions\": %zu,\n", options.prompt_tokens,
                options.new_tokens, options.repetitions);
  out += json_row("prefill_tokens_per_second", summarize(figures, &Sample::prefill_rate));
  out += json_row("decode_tokens_per_second", summarize(figures, &Sample::decode_rate));
  out += json_row("first_token_seconds", summarize(figures, &Sample::first_token_seconds));
  out += json_row("overhead_share", summarize(figures, &Sample::overhead));
  out += format("  \"load_seconds\": %.6g,\n  \"peak_rss_bytes\": %.0f\n}\n", figures.load_seconds,
                figures.peak_rss_bytes);
  return out;
}

}  // namespace llmodule::bench

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/format/base64.h"
#include "tokenizer/format/byte_ranks.h"
#include "tokenizer/format/formats.h"
#include "tokenizer/split/patterns.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {
namespace {

/// Special tokens in a row, from `first_id` on.
void add_specials(ByteRanks& ranks, TokenId first_id, const std::vector<std::string>& contents) {
  for (const std::string& content : contents) {
    AddedToken token;
    token.content = content;
    token.id = first_id++;
    token.special = true;
    ranks.specials.push_back(std::move(token));
  }
}

void add_reserved(std::vector<std::string>& contents, const std::string& prefix, int from, int to) {
  for (int i = from; i <= to; ++i) contents.push_back("<|" + prefix + std::to_string(i) + "|>");
}

void finish_llama3(ByteRanks& ranks) {
  ranks.pattern = patterns::kCl100k;
  std::vector<std::string> specials = {"<|begin_of_text|>",
                                       "<|end_of_text|>",
                                       "<|reserved_special_token_0|>",
                                       "<|reserved_special_token_1|>",
                                       "<|finetune_right_pad_id|>",
                                       "<|step_id|>",
                                       "<|start_header_id|>",
                                       "<|end_header_id|>",
                                       "<|eom_id|>",
                                       "<|eot_id|>",
                                       "<|python_tag|>",
                                       "<|image|>"};
  add_reserved(specials, "reserved_special_token_", 2, 245);
  add_specials(ranks, 128000, specials);
  ranks.before = {128000};
}

void finish_llama4(ByteRanks& ranks) {
  ranks.pattern = patterns::kO200k;
  std::vector<std::string> specials = {"<|begin_of_text|>", "<|end_of_text|>",  "<|fim_prefix|>", "<|fim_middle|>",
                                       "<|fim_suffix|>",    "<|header_start|>", "<|header_end|>", "<|eom|>",
                                       "<|eot|>",           "<|step|>"};
  add_reserved(specials, "text_post_train_reserved_special_token_", 0, 5);
  for (const char* content : {"<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>"})
    specials.emplace_back(content);
  add_reserved(specials, "text_post_train_reserved_special_token_", 8, 68);
  for (const char* content : {"<|image_start|>", "<|image_end|>"}) specials.emplace_back(content);
  add_reserved(specials, "vision_reserved_special_token_", 0, 1);
  for (const char* content : {"<|tile_x_separator|>", "<|tile_y_separator|>"}) specials.emplace_back(content);
  add_reserved(specials, "vision_reserved_special_token_", 2, 5);
  specials.emplace_back("<|image|>");
  add_reserved(specials, "vision_reserved_special_token_", 6, 6);
  specials.emplace_back("<|patch|>");
  add_reserved(specials, "vision_reserved_special_token_", 7, 1047);
  add_reserved(specials, "reasoning_reserved_special_token_", 0, 7);
  for (const char* content : {"<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"})
    specials.emplace_back(content);
  add_reserved(specials, "reserved_special_token_", 0, 2047 - static_cast<int>(specials.size()));
  add_specials(ranks, 200000, specials);
  ranks.before = {200000};
}

void finish_qwen(ByteRanks& ranks) {
  ranks.pattern = patterns::kQwen;
  ranks.nfc = true;
  std::vector<std::string> specials = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  add_reserved(specials, "extra_", 0, 204);
  add_specials(ranks, 151643, specials);
}

void finish_cl100k(ByteRanks& ranks) {
  ranks.pattern = patterns::kCl100k;
  add_specials(ranks, 100257, {"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"});
  add_specials(ranks, 100276, {"<|endofprompt|>"});
}

void finish_o200k(ByteRanks& ranks) {
  ranks.pattern = patterns::kO200k;
  add_specials(ranks, 199999, {"<|endoftext|>"});
  add_specials(ranks, 200018, {"<|endofprompt|>"});
}

void finish_gpt2(ByteRanks& ranks) {
  ranks.pattern = patterns::kGpt2;
  add_specials(ranks, 50256, {"<|endoftext|>"});
}

// The files hold ranks only. What belongs to them is known of these, by how many ranks they have; the patterns and
// special tokens are those of the models' own tokenizer sources.
struct Known {
  std::size_t count;
  void (*finish)(ByteRanks&);
};
constexpr Known kKnown[] = {{50256, finish_gpt2},  {100256, finish_cl100k}, {128000, finish_llama3},
                            {151643, finish_qwen}, {199998, finish_o200k},  {200000, finish_llama4}};

[[noreturn]] void fail_line(std::size_t line, const std::string& what) {
  throw Error(ErrorCode::kTokenizerFormat, "tiktoken ranks, line " + std::to_string(line) + ": " + what);
}

}  // namespace

std::shared_ptr<const Tokenizer> read_tiktoken(const std::string& content) {
  const auto lines = static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n')) + 1;
  ByteRanks ranks;
  ranks.tokens.resize(std::min(lines, kMaxVocabulary));
  std::size_t count = 0;
  std::size_t line_number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line = std::string_view(content).substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    const auto token = space == std::string_view::npos ? std::nullopt : decode_base64(line.substr(0, space));
    std::size_t rank = SIZE_MAX;
    if (!token || token->empty() ||
        std::from_chars(line.data() + space + 1, line.data() + line.size(), rank).ptr != line.data() + line.size()) {
      fail_line(line_number, "base64, a space and a rank are expected.");
    }
    if (rank >= ranks.tokens.size()) fail_line(line_number, "the rank " + std::to_string(rank) + " leaves a gap.");
    if (!ranks.tokens[rank].empty()) fail_line(line_number, "the rank " + std::to_string(rank) + " is there twice.");
    ranks.tokens[rank] = *token;
    ++count;
  }
  const auto* known =
      std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& k) { return k.count == count; });
  if (known == std::end(kKnown)) {
    throw Error(ErrorCode::kTokenizerFormat,
                "tiktoken ranks: a file of " + std::to_string(count) +
                    " ranks is not known, so neither are its pattern and special tokens; known are GPT-2 (50256), "
                    "cl100k (100256), Llama 3 (128000), Qwen (151643), o200k (199998) and Llama 4 (200000). Use the "
                    "model's tokenizer.json.");
  }
  ranks.tokens.resize(count);
  known->finish(ranks);
  return build_byte_ranks(std::move(ranks));
}

}  // namespace llmodule::tokenizer

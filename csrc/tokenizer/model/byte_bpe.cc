#include "tokenizer/model/byte_bpe.h"

#include <utility>

#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_alphabet.h"

namespace llmodule::tokenizer {

ByteBpe::ByteBpe(const ByteIds& bytes, MergeTable merges, std::shared_ptr<const Vocabulary> whole_words)
    : bytes_(bytes), merges_(std::move(merges)), whole_words_(std::move(whole_words)), first_ranks_(1 << 16, kNoRank) {
  for (std::size_t left = 0; left < 256; ++left) {
    for (std::size_t right = 0; right < 256; ++right) {
      if (bytes_[left] < 0 || bytes_[right] < 0) continue;
      first_ranks_[left << 8 | right] = merges_.rank(bytes_[left], bytes_[right]);
    }
  }
}

void ByteBpe::merge(std::string_view word, Workspace& workspace) const {
  std::vector<Symbol>& symbols = workspace.symbols;
  symbols.clear();
  if (whole_words_ != nullptr) {
    if (const auto id = whole_words_->find(word)) {
      symbols.push_back({*id, static_cast<std::uint32_t>(word.size())});
      return;
    }
  }
  symbols.resize(word.size());
  std::size_t count = 0;
  for (const char byte : word) {
    const TokenId id = bytes_[static_cast<unsigned char>(byte)];
    if (id >= 0) symbols[count++] = {id, 1};
  }
  symbols.resize(count);
  const auto rank_of = [this](TokenId left, TokenId right) { return merges_.rank(left, right); };
  const auto result_of = [this](std::uint32_t rank) { return merges_.result(rank); };
  if (symbols.size() > kShortWord) {
    const auto counted_rank_of = [&](TokenId left, TokenId right) {
      ++workspace.steps;
      return rank_of(left, right);
    };
    merge_long(symbols, workspace.nodes, workspace.heap, counted_rank_of, result_of);
  } else if (symbols.size() == word.size()) {
    const auto first_rank = [&](std::size_t i) {
      return first_ranks_[static_cast<std::size_t>(static_cast<unsigned char>(word[i])) << 8 |
                          static_cast<unsigned char>(word[i + 1])];
    };
    symbols.resize(merge_short(symbols.data(), symbols.size(), first_rank, rank_of, result_of));
  } else {
    const auto first_rank = [&](std::size_t i) { return rank_of(symbols[i].id, symbols[i + 1].id); };
    symbols.resize(merge_short(symbols.data(), symbols.size(), first_rank, rank_of, result_of));
  }
}

void ByteBpe::encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  if (word.size() == 1) {
    const TokenId id = bytes_[static_cast<unsigned char>(word[0])];
    if (id >= 0) ids.push_back(id);
    return;
  }
  encode_cached(word, workspace.cache, ids, [&] {
    merge(word, workspace);
    for (const Symbol& symbol : workspace.symbols) ids.push_back(symbol.id);
  });
}

void ByteBpe::encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const {
  merge(word, workspace);
  std::uint32_t position = 0;
  std::size_t covered = 0;
  for (const Symbol& symbol : workspace.symbols) covered += symbol.length;
  if (covered == word.size()) {
    for (const Symbol& symbol : workspace.symbols) {
      tokens.push_back({symbol.id, {position, position + symbol.length}});
      position += symbol.length;
    }
    return;
  }
  // Bytes have vanished. Hugging Face counts what is left in the byte alphabet's UTF-8 from the word's begin, so that
  // the spans move to the left by what is missing; ours do the same.
  std::vector<std::uint32_t> byte_of;
  std::size_t present = 0;
  std::vector<std::uint32_t> widths;
  for (std::uint32_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<unsigned char>(word[i]);
    const std::uint32_t width = byte_alphabet::width(byte);
    byte_of.insert(byte_of.end(), width, i);
    if (bytes_[byte] >= 0) widths.push_back(width);
  }
  for (const Symbol& symbol : workspace.symbols) {
    std::uint32_t width = 0;
    for (std::uint32_t i = 0; i < symbol.length; ++i) width += widths[present++];
    tokens.push_back({symbol.id, {byte_of[position], byte_of[position + width - 1] + 1}});
    position += width;
  }
}

}  // namespace llmodule::tokenizer

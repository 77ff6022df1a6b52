#include "tokenizer/format/byte_ranks.h"

#include <utility>

#include "base/error.h"
#include "tokenizer/decode/byte_level.h"
#include "tokenizer/model/byte_bpe.h"
#include "tokenizer/normalize/unicode_forms.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/split/patterns.h"
#include "tokenizer/text/byte_alphabet.h"

namespace llmodule::tokenizer {
namespace {

// The longest token known has 128 bytes. A token is looked at once for each place it can be cut, so this bounds the
// work.
constexpr std::size_t kMaxTokenBytes = 256;

// Every way to make a token of two others is a rule of its rank.
MergeTable merges_of(const Vocabulary& tokens, const ByteRanks& ranks) {
  MergeTable merges;
  merges.reserve(ranks.tokens.size() * 3);
  for (std::size_t rank = 0; rank < ranks.tokens.size(); ++rank) {
    const std::string_view token = ranks.tokens[rank];
    const TokenId id = ranks.first_id + static_cast<TokenId>(rank);
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = tokens.find(token.substr(0, cut));
      if (!left) continue;
      const auto right = tokens.find(token.substr(cut));
      if (right) merges.add(*left, *right, static_cast<std::uint32_t>(rank), id);
    }
  }
  return merges;
}

}  // namespace

std::shared_ptr<const Tokenizer> build_byte_ranks(ByteRanks ranks) {
  auto bytes = std::make_shared<Vocabulary>();
  auto spelled = std::make_shared<Vocabulary>();
  bytes->reserve(ranks.tokens.size());
  spelled->reserve(ranks.tokens.size());
  for (std::size_t rank = 0; rank < ranks.tokens.size(); ++rank) {
    const std::string& token = ranks.tokens[rank];
    if (token.empty() || token.size() > kMaxTokenBytes) {
      throw Error(ErrorCode::kTokenizerFormat, "The token of rank " + std::to_string(rank) + " has " +
                                                   std::to_string(token.size()) + " bytes; 1 to " +
                                                   std::to_string(kMaxTokenBytes) + " are supported.");
    }
    bytes->add(token, ranks.first_id + static_cast<std::int64_t>(rank));
    spelled->add(byte_alphabet::encode(token), ranks.first_id + static_cast<std::int64_t>(rank));
  }
  ByteBpe::ByteIds ids;
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    const char symbol = static_cast<char>(byte);
    ids[byte] = bytes->find({&symbol, 1}).value_or(-1);
  }
  Pipeline::Parts parts;
  parts.vocabulary = std::move(spelled);
  parts.added = AddedTokens(std::move(ranks.specials));
  if (ranks.nfc) parts.normalizer = std::make_unique<UnicodeForm>(unicode::Form::kNfc);
  parts.pre_tokenizer = split_by_pattern(ranks.pattern, SplitBehavior::kIsolated, false);
  parts.model = std::make_unique<ByteBpe>(ids, merges_of(*bytes, ranks), bytes);
  parts.decoder = std::make_unique<ByteLevelDecoder>();
  if (!ranks.before.empty()) {
    parts.post_processor = std::make_unique<TemplatePostProcessor>(std::move(ranks.before), std::vector<TokenId>{});
  }
  return std::make_shared<Pipeline>(std::move(parts));
}

}  // namespace llmodule::tokenizer

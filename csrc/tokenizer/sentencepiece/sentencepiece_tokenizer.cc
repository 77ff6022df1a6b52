#include "tokenizer/sentencepiece/sentencepiece_tokenizer.h"

#include <sentencepiece_model.pb.h>
#include <sentencepiece_processor.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/text/byte_token.h"
#include "tokenizer/text/byte_trie.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581
constexpr std::size_t kMaxReplacementBytes = 192;          // the normal forms' longest has 33

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::kTokenizerFormat, "SentencePiece model: " + what);
}

void check(const sentencepiece::util::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

// The library follows the offsets of the compiled normalization rules (see Precompiled for the format) as they stand.
void check_charsmap(const std::string& charsmap) {
  if (charsmap.empty()) return;
  const auto unit_at = [&](std::size_t position) {
    std::uint32_t unit = 0;
    for (std::size_t i = 4; i-- > 0;) unit = unit << 8 | static_cast<unsigned char>(charsmap[position + i]);
    return unit;
  };
  const std::size_t trie_bytes = charsmap.size() < 4 ? SIZE_MAX : unit_at(0);
  if (trie_bytes > charsmap.size() - 4 || trie_bytes % 4 != 0 || charsmap.back() != '\0') {
    fail("the trie or the replacements of its precompiled_charsmap are cut off.");
  }
  const std::size_t units = trie_bytes / 4;
  const std::size_t replacements = charsmap.size() - 4 - trie_bytes;
  for (std::size_t i = 0; i < units; ++i) {
    const std::uint32_t unit = unit_at(4 + 4 * i);
    const bool is_value = unit >> 31 != 0;
    const std::size_t base = i ^ (static_cast<std::size_t>(unit >> 10) << ((unit & 0x200) >> 6));
    if (is_value ? (unit & 0x7FFFFFFF) >= replacements : (base | 0xFF) >= units) {
      fail("its precompiled_charsmap points outside itself.");
    }
  }
  std::size_t length = 0;  // of a replacement, which ends at a zero
  for (std::size_t i = charsmap.size() - replacements; i < charsmap.size(); ++i) {
    length = charsmap[i] == '\0' ? 0 : length + 1;
    if (length > kMaxReplacementBytes) {
      fail("its precompiled_charsmap makes more than " + std::to_string(kMaxReplacementBytes) +
           " bytes of a character.");
    }
  }
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const std::string& model)
    : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  auto parsed = std::make_unique<sentencepiece::ModelProto>();
  if (!parsed->ParseFromArray(model.data(), static_cast<int>(model.size()))) fail("it is damaged or cut off.");
  check_charsmap(parsed->normalizer_spec().precompiled_charsmap());
  check(processor_->Load(std::move(parsed)));
  const auto& proto = processor_->model_proto();
  if (!proto.denormalizer_spec().precompiled_charsmap().empty()) fail("a denormalizer is not supported.");
  const int size = processor_->GetPieceSize();
  if (size <= 0 || static_cast<std::size_t>(size) > kMaxVocabulary) {
    fail("it has " + std::to_string(size) + " pieces; 1 to " + std::to_string(kMaxVocabulary) + " are supported.");
  }
  std::vector<AddedToken> control;
  for (TokenId id = 0; id < size; ++id) {
    const Kind kind = processor_->IsControl(id)   ? Kind::kControl
                      : processor_->IsUnknown(id) ? Kind::kUnknown
                      : processor_->IsByte(id)    ? Kind::kByte
                                                  : Kind::kText;
    pieces_.push_back({processor_->IdToPiece(id), kind});
    if (!utf8::is_valid(pieces_.back().text)) fail("piece " + std::to_string(id) + " is not UTF-8.");
    if (pieces_.back().text.size() > ByteTrie::kMaxBytes) {
      fail("piece " + std::to_string(id) + " has more than " + std::to_string(ByteTrie::kMaxBytes) + " bytes.");
    }
    if (kind != Kind::kControl || pieces_.back().text.empty()) continue;
    AddedToken token;
    token.content = pieces_.back().text;
    token.id = id;
    token.special = true;
    control.push_back(std::move(token));
  }
  control_ = AddedTokens(std::move(control));
  segmenter_ = std::make_unique<Segmenter>(proto);
  const TokenId bos = processor_->bos_id();
  if (bos >= 0 && bos < size) bos_ = bos;
  unknown_surface_ = utf8::sanitize(proto.trainer_spec().unk_surface());
  strips_all_spaces_ = proto.normalizer_spec().remove_extra_whitespaces();
  strips_one_space_ = proto.normalizer_spec().add_dummy_prefix() || strips_all_spaces_;
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

void SentencePieceTokenizer::encode_into(std::string_view text, const EncodeOptions& options, bool offsets,
                                         Encoding& encoding) const {
  if (text.size() > INT32_MAX) {
    throw std::invalid_argument("The text has " + std::to_string(text.size()) +
                                " bytes; encode it in parts below 2 GiB.");
  }
  std::string repaired;
  if (!utf8::is_valid(text)) text = repaired = utf8::sanitize(text);
  const auto add = [&](TokenId id, std::size_t begin, std::size_t end) {
    encoding.ids.push_back(id);
    if (offsets) encoding.offsets.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  };
  if (options.add_special_tokens && bos_ >= 0) add(bos_, 0, 0);
  const SpecialFilter filter{options.parse_special,
                             options.allowed_special.has_value() ? &*options.allowed_special : nullptr};
  std::vector<Segment> segments;
  control_.split(text, false, filter, segments);
  for (const Segment& segment : segments) {
    if (segment.token) {
      add(*segment.token, segment.begin, segment.end);
      continue;
    }
    segmenter_->encode(text.substr(segment.begin, segment.end - segment.begin), segment.begin, offsets, encoding);
  }
}

std::vector<TokenId> SentencePieceTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode_into(text, options, false, encoding);
  return std::move(encoding.ids);
}

Encoding SentencePieceTokenizer::encode_with_offsets(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode_into(text, options, true, encoding);
  return encoding;
}

std::optional<TokenId> SentencePieceTokenizer::token_to_id(std::string_view token) const {
  const TokenId id = processor_->PieceToId(token);
  if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size() || pieces_[static_cast<std::size_t>(id)].text != token) {
    return std::nullopt;  // the library gives the unknown piece's id
  }
  return id;
}

std::optional<std::string> SentencePieceTokenizer::id_to_token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size()) return std::nullopt;
  return pieces_[static_cast<std::size_t>(id)].text;
}

bool SentencePieceTokenizer::is_special(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < pieces_.size() &&
         pieces_[static_cast<std::size_t>(id)].kind == Kind::kControl;
}

std::vector<TokenId> SentencePieceTokenizer::special_tokens() const {
  std::vector<TokenId> result;
  for (const AddedToken& token : control_.tokens()) result.push_back(token.id);
  return result;
}

/// Decodes as the library does, one piece at a time.
class SentencePieceTokenizer::Stream : public TokenTextStream {
 public:
  Stream(const SentencePieceTokenizer& tokenizer, bool skip_special_tokens)
      : tokenizer_(tokenizer), skip_special_(skip_special_tokens) {}

  void push(TokenId token, std::string& out) override {
    if (token < 0 || static_cast<std::size_t>(token) >= tokenizer_.pieces_.size()) {
      throw std::invalid_argument("The token id " + std::to_string(token) +
                                  " is outside the vocabulary, whose ids are 0 to " +
                                  std::to_string(tokenizer_.pieces_.size() - 1) + ".");
    }
    const Piece& piece = tokenizer_.pieces_[static_cast<std::size_t>(token)];
    if (piece.kind == Kind::kByte) {
      bytes_ += static_cast<char>(parse_byte_token(piece.text).value_or('?'));
      give_bytes(false, out);
      return;
    }
    give_bytes(true, out);
    if (space_taken_) at_start_ = false;
    space_taken_ = false;
    if (piece.kind == Kind::kControl) {
      if (!skip_special_) give(piece.text, out);
    } else if (piece.kind == Kind::kUnknown) {
      give(tokenizer_.unknown_surface_, out);
    } else {
      give_text(piece.text, out);
    }
  }

  void finish(std::string& out) override { give_bytes(true, out); }

 private:
  void give(std::string_view text, std::string& out) {
    if (!text.empty()) at_start_ = false;
    out += text;
  }

  void give_text(std::string_view text, std::string& out) {
    if (at_start_ && tokenizer_.strips_one_space_ && text.substr(0, kSpaceSymbol.size()) == kSpaceSymbol) {
      text.remove_prefix(kSpaceSymbol.size());
      space_taken_ = !tokenizer_.strips_all_spaces_;
    }
    while (!text.empty()) {
      const std::size_t space = text.find(kSpaceSymbol);
      give(text.substr(0, space), out);
      if (space == std::string_view::npos) break;
      give(" ", out);
      text.remove_prefix(space + kSpaceSymbol.size());
    }
  }

  // Each byte that begins no character becomes U+FFFD, and the next one is tried.
  void give_bytes(bool all, std::string& out) {
    std::string_view rest = bytes_;
    while (!rest.empty()) {
      const std::size_t length = utf8::decode_one(rest);
      if (length > 0) {
        give(rest.substr(0, length), out);
        rest.remove_prefix(length);
      } else if (!all && utf8::incomplete_tail(rest) == rest.size()) {
        break;
      } else {
        give(utf8::kReplacement, out);
        rest.remove_prefix(1);
      }
    }
    bytes_ = std::string(rest);
  }

  const SentencePieceTokenizer& tokenizer_;
  bool skip_special_;
  std::string bytes_;
  bool at_start_ = true;
  bool space_taken_ = false;
};

std::unique_ptr<TokenTextStream> SentencePieceTokenizer::open_stream(bool skip_special_tokens) const {
  return std::make_unique<Stream>(*this, skip_special_tokens);
}

}  // namespace llmodule::tokenizer

#include "tokenizer/sentencepiece/segmenter.h"

#include <model_factory.h>
#include <model_interface.h>
#include <normalizer.h>
#include <sentencepiece_model.pb.h>

#include "base/error.h"
#include "tokenizer/text/byte_token.h"

namespace llmodule::tokenizer {

Segmenter::Segmenter(const sentencepiece::ModelProto& model)
    : model_(sentencepiece::ModelFactory::Create(model)),
      normalizer_(
          std::make_unique<sentencepiece::normalizer::Normalizer>(model.normalizer_spec(), model.trainer_spec())) {
  normalizer_->SetPrefixMatcher(model_->prefix_matcher());
  if (!model_->ByteFallbackEnabled()) return;
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] = model_->PieceToId(byte_token(static_cast<unsigned char>(byte)));
  }
}

Segmenter::~Segmenter() = default;

void Segmenter::encode(std::string_view text, std::size_t begin, bool offsets, Encoding& encoding) const {
  std::string normalized;
  std::vector<std::size_t> origins;  // of the bytes of `normalized`, and of its end
  const auto status = normalizer_->Normalize(text, &normalized, &origins);
  if (!status.ok()) throw Error(ErrorCode::kTokenizerFormat, "SentencePiece model: " + status.ToString());
  const auto add = [&](TokenId id, std::size_t from, std::size_t to) {
    encoding.ids.push_back(id);
    if (!offsets) return;
    encoding.offsets.push_back({static_cast<std::uint32_t>(begin + from), static_cast<std::uint32_t>(begin + to)});
  };
  std::size_t consumed = 0;
  bool after_unknown = false;
  for (const auto& [piece, id] : model_->Encode(normalized)) {
    const bool is_control = model_->IsControl(id);  // which stands for no text
    const std::size_t next = is_control ? consumed : consumed + piece.size();
    if (next >= origins.size()) throw Error(ErrorCode::kTokenizerFormat, "SentencePiece model: its pieces overlap.");
    const std::size_t from = origins[consumed];
    const std::size_t to = origins[next];
    const bool is_unknown = !is_control && model_->IsUnknown(id);
    if (is_unknown && model_->ByteFallbackEnabled()) {
      for (std::size_t i = 0; i < piece.size(); ++i) {
        add(bytes_[static_cast<unsigned char>(piece[i])], from, i + 1 == piece.size() ? to : from);
      }
    } else if (is_unknown && after_unknown) {
      if (offsets) encoding.offsets.back().end = static_cast<std::uint32_t>(begin + to);
    } else {
      add(id, from, to);
    }
    consumed = next;
    after_unknown = is_unknown;
  }
}

}  // namespace llmodule::tokenizer

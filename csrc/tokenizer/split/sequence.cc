#include "tokenizer/split/pre_tokenizer.h"

namespace llmodule::tokenizer {
namespace {

using Stages = std::vector<std::unique_ptr<PreTokenizer>>;

class Chain : public PieceSink {
 public:
  Chain(const Stages& stages, std::size_t index, PieceSink& out) : stages_(stages), index_(index), out_(out) {}

  void take(const Piece& piece) override {
    if (index_ + 1 == stages_.size()) {
      stages_[index_]->split(piece, out_);
      return;
    }
    Chain next(stages_, index_ + 1, out_);
    stages_[index_]->split(piece, next);
  }

 private:
  const Stages& stages_;
  std::size_t index_;
  PieceSink& out_;
};

}  // namespace

void SequencePreTokenizer::split(const Piece& piece, PieceSink& out) const {
  if (stages_.empty()) {
    out.take(piece);
  } else {
    Chain(stages_, 0, out).take(piece);
  }
}

}  // namespace llmodule::tokenizer

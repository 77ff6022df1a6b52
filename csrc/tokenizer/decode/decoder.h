#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace llmodule::tokenizer {

/// Receives the text of tokens, one after the other. A token may come in several pieces, which happens behind a stage
/// that fuses all tokens into one.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void text(std::string_view piece) = 0;
  virtual void end_token() = 0;
  /// The last token has ended; what is held back has to leave.
  virtual void finish() = 0;
};

/// A stage that passes what it makes on to the next; holds the state of one decoding.
class DecodeStage : public TextSink {
 public:
  explicit DecodeStage(TextSink& next) : next_(next) {}

 protected:
  TextSink& next_;
};

/// Makes the stages that turn tokens back into text. Immutable, so threads may share one. Whole and streaming decoding
/// run the same stages: a stage passes on at once what no later token can change.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Appends this decoder's stages, the last one first, to `stages`; the first one passes on to `next`.
  /// @return the sink that takes the tokens.
  virtual TextSink& open(TextSink& next, std::vector<std::unique_ptr<DecodeStage>>& stages) const = 0;
};

/// A decoder made of one stage, whose constructor takes the next sink and the arguments given here.
template <typename Stage, typename... Arguments>
class SingleStageDecoder : public Decoder {
 public:
  explicit SingleStageDecoder(Arguments... arguments) : arguments_(std::move(arguments)...) {}
  TextSink& open(TextSink& next, std::vector<std::unique_ptr<DecodeStage>>& stages) const override {
    stages.push_back(std::apply(
        [&](const Arguments&... arguments) { return std::make_unique<Stage>(next, arguments...); }, arguments_));
    return *stages.back();
  }

 private:
  std::tuple<Arguments...> arguments_;
};

/// Each decoder works on what the one before it makes.
class SequenceDecoder : public Decoder {
 public:
  explicit SequenceDecoder(std::vector<std::unique_ptr<Decoder>> decoders) : decoders_(std::move(decoders)) {}
  TextSink& open(TextSink& next, std::vector<std::unique_ptr<DecodeStage>>& stages) const override {
    TextSink* sink = &next;
    for (auto decoder = decoders_.rbegin(); decoder != decoders_.rend(); ++decoder) {
      sink = &(*decoder)->open(*sink, stages);
    }
    return *sink;
  }

 private:
  std::vector<std::unique_ptr<Decoder>> decoders_;
};

}  // namespace llmodule::tokenizer

#include "tokenizer/pipeline.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/utf8.h"

namespace llmodule::tokenizer {
namespace {

/// The end of the way of a word: its tokens are appended to the encoding.
class IdSink : public PieceSink {
 public:
  IdSink(const Model& model, Workspace& workspace, Encoding& encoding)
      : model_(model), workspace_(workspace), encoding_(encoding) {}
  void take(const Piece& piece) override { model_.encode(piece.text, workspace_, encoding_.ids); }

 private:
  const Model& model_;
  Workspace& workspace_;
  Encoding& encoding_;
};

class OffsetSink : public PieceSink {
 public:
  OffsetSink(const Model& model, Workspace& workspace, Encoding& encoding)
      : model_(model), workspace_(workspace), encoding_(encoding) {}
  void take(const Piece& piece) override {
    workspace_.spans.clear();
    model_.encode_spans(piece.text, workspace_, workspace_.spans);
    for (const TokenSpan& token : workspace_.spans) {
      const ByteRange range = token.range;
      encoding_.ids.push_back(token.id);
      encoding_.offsets.push_back({piece.origin[range.begin].begin, piece.origin[range.end - 1].end});
    }
  }

 private:
  const Model& model_;
  Workspace& workspace_;
  Encoding& encoding_;
};

}  // namespace

/// A workspace out of the idle ones, given back at the end; there are as many as threads encode at once.
class Pipeline::WorkspaceLease {
 public:
  explicit WorkspaceLease(const Pipeline& pipeline) : pipeline_(pipeline) {
    const std::lock_guard<std::mutex> lock(pipeline_.mutex_);
    if (pipeline_.idle_.empty()) {
      workspace_ = std::make_unique<Workspace>();
      pipeline_.idle_.reserve(++pipeline_.workspaces_);  // so that giving back can't fail
    } else {
      workspace_ = std::move(pipeline_.idle_.back());
      pipeline_.idle_.pop_back();
    }
  }
  ~WorkspaceLease() {
    const std::lock_guard<std::mutex> lock(pipeline_.mutex_);
    pipeline_.idle_.push_back(std::move(workspace_));
  }
  WorkspaceLease(const WorkspaceLease&) = delete;
  WorkspaceLease& operator=(const WorkspaceLease&) = delete;
  Workspace& operator*() { return *workspace_; }

 private:
  const Pipeline& pipeline_;
  std::unique_ptr<Workspace> workspace_;
};

Pipeline::Pipeline(Parts parts) : parts_(std::move(parts)), size_(parts_.vocabulary->size()) {
  for (const AddedToken& token : parts_.added.tokens()) {
    size_ = std::max(size_, static_cast<std::size_t>(token.id) + 1);
  }
}

std::vector<TokenId> Pipeline::encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode_into(text, options, false, encoding);
  return std::move(encoding.ids);
}

Encoding Pipeline::encode_with_offsets(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode_into(text, options, true, encoding);
  return encoding;
}

void Pipeline::encode_into(std::string_view text, const EncodeOptions& options, bool offsets,
                           Encoding& encoding) const {
  if (text.size() >= UINT32_MAX) {
    throw std::invalid_argument("The text has " + std::to_string(text.size()) +
                                " bytes; encode it in parts below 4 GiB.");
  }
  std::string repaired;
  if (!utf8::is_valid(text)) text = repaired = utf8::sanitize(text);
  WorkspaceLease workspace(*this);
  const SpecialFilter filter{options.parse_special,
                             options.allowed_special.has_value() ? &*options.allowed_special : nullptr};
  encoding.ids.reserve(text.size() / 3);
  std::vector<Segment> segments;
  parts_.added.split(text, false, filter, segments);
  for (const Segment& segment : segments) {
    if (segment.token.has_value()) {
      encoding.ids.push_back(*segment.token);
      if (offsets) {
        encoding.offsets.push_back(
            {static_cast<std::uint32_t>(segment.begin), static_cast<std::uint32_t>(segment.end)});
      }
      continue;
    }
    encode_between(text.substr(segment.begin, segment.end - segment.begin), segment.begin, filter, *workspace, offsets,
                   encoding);
  }
  if (parts_.post_processor != nullptr) {
    parts_.post_processor->process(text, options.add_special_tokens, encoding);
  }
}

void Pipeline::encode_between(std::string_view text, std::size_t begin, const SpecialFilter& filter,
                              Workspace& workspace, bool offsets, Encoding& encoding) const {
  AlignedText aligned;
  std::string_view normalized = text;
  const bool changes = parts_.normalizer != nullptr && !parts_.normalizer->keeps(text);
  if (changes || offsets) {
    aligned = AlignedText::from(text, static_cast<std::uint32_t>(begin), offsets);
    if (changes) parts_.normalizer->apply(aligned);
    normalized = aligned.text;
  }
  std::vector<Segment> segments;
  if (parts_.added.has_normalized()) {
    parts_.added.split(normalized, true, filter, segments);
  } else if (!normalized.empty()) {
    segments.push_back({0, normalized.size(), std::nullopt});
  }
  IdSink id_sink(*parts_.model, workspace, encoding);
  OffsetSink offset_sink(*parts_.model, workspace, encoding);
  PieceSink& sink = offsets ? static_cast<PieceSink&>(offset_sink) : id_sink;
  const Piece whole{normalized, offsets ? aligned.origin.data() : nullptr, begin == 0};
  for (const Segment& segment : segments) {
    if (segment.token.has_value()) {
      encoding.ids.push_back(*segment.token);
      if (offsets) {
        encoding.offsets.push_back({aligned.origin[segment.begin].begin, aligned.origin[segment.end - 1].end});
      }
      continue;
    }
    const Piece piece = whole.slice(segment.begin, segment.end);
    if (parts_.pre_tokenizer != nullptr) {
      parts_.pre_tokenizer->split(piece, sink);
    } else {
      sink.take(piece);
    }
  }
}

std::optional<TokenId> Pipeline::token_to_id(std::string_view token) const {
  if (const AddedToken* added = parts_.added.find(token)) return added->id;
  return parts_.vocabulary->find(token);
}

std::optional<std::string> Pipeline::id_to_token(TokenId id) const {
  if (const AddedToken* added = parts_.added.find(id)) return added->content;
  if (const auto token = parts_.vocabulary->token(id)) return std::string(*token);
  return std::nullopt;
}

bool Pipeline::is_special(TokenId id) const {
  const AddedToken* added = parts_.added.find(id);
  return added != nullptr && added->special;
}

std::vector<TokenId> Pipeline::special_tokens() const {
  std::vector<TokenId> result;
  for (const AddedToken& token : parts_.added.tokens()) {
    if (token.special) result.push_back(token.id);
  }
  std::sort(result.begin(), result.end());
  return result;
}

class Pipeline::Stream : public TokenTextStream {
 public:
  Stream(const Pipeline& pipeline, bool skip_special_tokens) : pipeline_(pipeline), skip_special_(skip_special_tokens) {
    first_ = &end_;
    if (pipeline.parts_.decoder != nullptr) first_ = &pipeline.parts_.decoder->open(end_, stages_);
    end_.separator = pipeline.parts_.decoder == nullptr;
  }

  void push(TokenId token, std::string& out) override {
    if (token < 0 || static_cast<std::size_t>(token) >= pipeline_.size_) {
      throw std::invalid_argument("The token id " + std::to_string(token) +
                                  " is outside the vocabulary, whose ids are 0 to " +
                                  std::to_string(pipeline_.size_ - 1) + ".");
    }
    end_.out = &out;
    if (const AddedToken* added = pipeline_.parts_.added.find(token)) {
      const std::string_view content = pipeline_.parts_.added.decoded(*added);
      const AddedToken* same = skip_special_ ? pipeline_.parts_.added.find(content) : nullptr;
      if (same == nullptr || !same->special) give(content);
    } else if (const auto content = pipeline_.parts_.vocabulary->token(token)) {
      give(*content);
    }
  }

  void finish(std::string& out) override {
    end_.out = &out;
    first_->finish();
  }

 private:
  /// Collects the text.
  struct End : TextSink {
    void text(std::string_view piece) override {
      if (separator && between) *out += ' ';
      between = false;
      *out += piece;
    }
    void end_token() override { between = true; }
    void finish() override {}
    std::string* out = nullptr;
    bool separator = false;
    bool between = false;
  };

  void give(std::string_view token) {
    first_->text(token);
    first_->end_token();
  }

  const Pipeline& pipeline_;
  bool skip_special_;
  End end_;
  std::vector<std::unique_ptr<DecodeStage>> stages_;
  TextSink* first_;
};

std::unique_ptr<TokenTextStream> Pipeline::open_stream(bool skip_special_tokens) const {
  return std::make_unique<Stream>(*this, skip_special_tokens);
}

}  // namespace llmodule::tokenizer

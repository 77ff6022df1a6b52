#include "fakes.h"

#include <algorithm>
#include <stdexcept>

#include "base/utf8.h"

using namespace llmodule;

Ids ramp(TokenId first, TokenId last) {
  Ids ids;
  for (TokenId id = first; id <= last; ++id) ids.push_back(id);
  return ids;
}

FakeModel::FakeModel() : answer([](const Ids&) { return kEnd; }) {
  details.vocab_size = 100;
  details.context_length = 64;
  details.max_step_tokens = 16;
  details.eos_ids = {kEnd};
}

Span<float> FakeModel::step(Span<const TokenId> tokens, std::size_t position, std::size_t rows) {
  const auto require = [](bool met, const char* what) {
    if (!met) throw std::logic_error(what);
  };
  require(!tokens.empty() && tokens.size() <= details.max_step_tokens, "tokens of a step");
  require(position + tokens.size() <= details.context_length, "beyond the context");
  for (const TokenId id : tokens) require(id >= 0 && id < static_cast<TokenId>(details.vocab_size), "token id");
  require(details.has_kv_cache || position == 0, "position without a KV cache");
  require(position <= held.size(), "a gap in the KV cache");
  require(details.rewindable || position == 0 || position == held.size(), "rewound a cache that wraps");

  held.resize(position);
  held.insert(held.end(), tokens.begin(), tokens.end());
  ++steps;
  tokens_run += tokens.size();
  longest_step = std::max(longest_step, tokens.size());
  if (during_step) during_step();
  require(rows >= 1 && rows <= details.logits_rows && rows <= tokens.size(), "rows of logits");
  logits_.assign(rows * details.vocab_size, 0.0f);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto end = held.end() - static_cast<std::ptrdiff_t>(rows - 1 - row);
    logits_[row * details.vocab_size + static_cast<std::size_t>(answer(Ids(held.begin(), end)))] = 10.0f;
  }
  return logits_;
}

namespace {

class FakeStream final : public TokenTextStream {
 public:
  FakeStream(const std::vector<std::string>& pieces, bool skip_end) : pieces_(pieces), skip_end_(skip_end) {}

  void push(TokenId token, std::string& out) override {
    if (token == kEnd && skip_end_) return;
    held_ += pieces_.at(static_cast<std::size_t>(token));
    const std::size_t whole = held_.size() - utf8::incomplete_tail(held_);
    out += utf8::sanitize(std::string_view(held_).substr(0, whole));
    held_.erase(0, whole);
  }

  void finish(std::string& out) override { out += utf8::sanitize(held_); }

 private:
  const std::vector<std::string>& pieces_;
  bool skip_end_;
  std::string held_;
};

}  // namespace

FakeTokenizer::FakeTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {
  pieces_.insert(pieces_.begin(), "</s>");
}

Ids FakeTokenizer::encode(std::string_view, const EncodeOptions&) const {
  throw std::logic_error("the core must not encode");
}

tokenizer::Encoding FakeTokenizer::encode_with_offsets(std::string_view, const EncodeOptions&) const {
  throw std::logic_error("the core must not encode");
}

std::unique_ptr<TokenTextStream> FakeTokenizer::open_stream(bool skip_special_tokens) const {
  return std::make_unique<FakeStream>(pieces_, skip_special_tokens);
}

std::optional<TokenId> FakeTokenizer::token_to_id(std::string_view token) const {
  const auto found = std::find(pieces_.begin(), pieces_.end(), token);
  if (found == pieces_.end()) return std::nullopt;
  return static_cast<TokenId>(found - pieces_.begin());
}

std::optional<std::string> FakeTokenizer::id_to_token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size()) return std::nullopt;
  return pieces_[static_cast<std::size_t>(id)];
}

std::shared_ptr<FakeTokenizer> number_tokenizer(std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t i = 1; i < size; ++i) pieces.push_back(std::to_string(i) + " ");
  return std::make_shared<FakeTokenizer>(pieces);
}

namespace {

std::shared_ptr<FakeModel> make_model(const std::function<void(ModelInfo&)>& change) {
  auto model = std::make_shared<FakeModel>();
  if (change) change(model->details);
  return model;
}

}  // namespace

Fixture::Fixture(const std::function<void(ModelInfo&)>& change, std::shared_ptr<Tokenizer> tokenizer)
    : model(make_model(change)), session(model, std::move(tokenizer)) {}

GenerationResult Fixture::generate(const Ids& prompt, const GenerationConfig& config, const TokenCallback& callback) {
  return session.generate(prompt, config, callback, cancel);
}

void Fixture::script(std::size_t prompt_size, const Ids& answer) {
  model->answer = [prompt_size, answer](const Ids& sequence) {
    const std::size_t done = sequence.size() - prompt_size;
    return done < answer.size() ? answer[done] : kEnd;
  };
}

void Fixture::count_forever() {
  model->answer = [](const Ids& sequence) { return sequence.back() == 99 ? 1 : sequence.back() + 1; };
}

Ids Fixture::account() const {
  const Span<const TokenId> tokens = session.cache().tokens();
  return Ids(tokens.begin(), tokens.end());
}

bool Fixture::account_holds() const {
  const Ids ids = account();
  return ids.size() <= model->held.size() && std::equal(ids.begin(), ids.end(), model->held.begin());
}

#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/span.h"
#include "base/types.h"

namespace llmodule {

/// Changes to a few logits that are taken back at the end of its life, so that a sampler works on the model's own
/// buffer and still leaves it as it was.
class LogitEdits {
 public:
  using Journal = std::vector<std::pair<std::size_t, float>>;

  /// @param journal memory to note the old values in, which the caller keeps so that no step allocates.
  LogitEdits(Span<float> logits, Journal& journal) : logits_(logits), journal_(journal) { journal_.clear(); }

  ~LogitEdits() {
    for (auto edit = journal_.rbegin(); edit != journal_.rend(); ++edit) logits_[edit->first] = edit->second;
  }

  LogitEdits(const LogitEdits&) = delete;
  LogitEdits& operator=(const LogitEdits&) = delete;

  Span<const float> logits() const { return logits_; }

  void set(TokenId token, float logit) {
    const auto index = static_cast<std::size_t>(token);
    journal_.emplace_back(index, logits_[index]);
    logits_[index] = logit;
  }

 private:
  Span<float> logits_;
  Journal& journal_;
};

}  // namespace llmodule

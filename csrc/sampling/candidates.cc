#include "sampling/candidates.h"

#include <algorithm>

namespace llmodule {
namespace {

bool likelier(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
}

// Brings the likeliest of [begin, end) to the front, up to `middle` and in order.
template <typename Iterator>
void sort_front(Iterator begin, Iterator middle, Iterator end) {
  std::nth_element(begin, middle, end, likelier);
  std::sort(begin, middle, likelier);
}

}  // namespace

void keep_top_k(std::vector<Candidate>& candidates, std::size_t k) {
  k = std::min(k, candidates.size());
  sort_front(candidates.begin(), candidates.begin() + k, candidates.end());
  candidates.resize(k);
}

void keep_top_p(std::vector<Candidate>& candidates, double mass) {
  constexpr std::size_t kFirstSort = 64;
  std::size_t sorted = 0;
  std::size_t kept = 0;
  for (double sum = 0.0; kept < candidates.size() && sum < mass; ++kept) {
    if (kept == sorted) {
      const auto begin = candidates.begin() + sorted;
      sorted = std::min(candidates.size(), std::max(kFirstSort, 4 * sorted));
      sort_front(begin, candidates.begin() + sorted, candidates.end());
    }
    sum += candidates[kept].weight;
  }
  candidates.resize(kept);
}

void keep_min_p(std::vector<Candidate>& candidates, float weight) {
  const auto unlikely = [weight](const Candidate& candidate) { return candidate.weight < weight; };
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(), unlikely), candidates.end());
}

double total_weight(const std::vector<Candidate>& candidates) {
  double total = 0.0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  return total;
}

TokenId draw(const std::vector<Candidate>& candidates, double uniform) {
  double rest = uniform * total_weight(candidates);
  TokenId chosen = candidates.front().token;
  for (const Candidate& candidate : candidates) {
    if (candidate.weight == 0.0f) continue;
    chosen = candidate.token;
    rest -= candidate.weight;
    if (rest < 0.0) break;
  }
  return chosen;
}

}  // namespace llmodule

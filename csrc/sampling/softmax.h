#pragma once

#include "base/span.h"

namespace llmodule {

/// The numeric loops over logits, written so that compilers turn them into SIMD code.

/// @return the largest of `logits`; NaN where one of them is NaN; -infinity where there are none.
float max_logit(Span<const float> logits);

/// @return exp((logit - max) / temperature), a token's probability but for a common factor, relative error below 3e-7;
///     0 where it is below 1e-38. The same on every platform, which std::exp is not. Requires logit <= max.
float softmax_weight(float logit, float max, float temperature);

/// @return the sum of softmax_weight over `logits`.
double softmax_sum(Span<const float> logits, float max, float temperature);

}  // namespace llmodule

#include "kernels/registry.h"

#include <executorch/runtime/core/event_tracer_hooks.h>
#include <executorch/runtime/kernel/kernel_runtime_context.h>

#include <new>
#include <string>

#include "base/interrupt.h"
#include "base/log.h"
#include "kernels/native_operators.h"
#include "kernels/operators.h"

namespace llmodule {
namespace {

using executorch::runtime::Error;
using executorch::runtime::EValue;
using executorch::runtime::Kernel;
using executorch::runtime::KernelRuntimeContext;
using executorch::runtime::Span;
using kernels::Arguments;

struct Operator {
  const char* name;
  std::size_t argument_count;
  void (*run)(const Arguments&);
};

void fail(KernelRuntimeContext& context, const char* name, Error error, const char* reason) {
  log(LogLevel::kError, std::string(name) + ": " + reason);
  context.fail(error);
}

/// What the runtime calls. The C++ exceptions end here, because the runtime knows none.
template <const Operator& kOperator>
void boxed(KernelRuntimeContext& context, Span<EValue*> stack) {
  if (InterruptScope::requested()) return context.fail(Error::InvalidState);
  const executorch::runtime::internal::EventTracerProfileOpScope scope(context.internal_event_tracer(), kOperator.name);
  try {
    kOperator.run(Arguments(stack, kOperator.argument_count));
    executorch::runtime::internal::event_tracer_log_evalue(context.internal_event_tracer(),
                                                           *stack[kOperator.argument_count - 1]);
  } catch (const kernels::ArgumentError& error) {
    fail(context, kOperator.name, Error::InvalidArgument, error.what());
  } catch (const std::bad_alloc&) {
    fail(context, kOperator.name, Error::MemoryAllocationFailed, "no memory");
  }
}

constexpr Operator kCustomSdpa{"llama::custom_sdpa.out", 9, kernels::custom_sdpa};
constexpr Operator kSdpaWithKvCache{"llama::sdpa_with_kv_cache.out", 12, kernels::sdpa_with_kv_cache};
constexpr Operator kCustomQuantizedSdpa{"llama::custom_quantized_sdpa.out", 16, kernels::custom_quantized_sdpa};
constexpr Operator kUpdateCache{"llama::update_cache.out", 4, kernels::update_cache};
constexpr Operator kUpdateCacheWithIndices{"llama::update_cache_with_indices.out", 5,
                                           kernels::update_cache_with_indices};
constexpr Operator kFastHadamardTransform{"llama::fast_hadamard_transform.out", 2, kernels::fast_hadamard_transform};
constexpr Operator kFallback{"llama::fallback.out", 2, kernels::fallback};
constexpr Operator kLinear{"llmodule::linear.out", 10, kernels::linear};
constexpr Operator kRopeAttention{"llmodule::attention.out", 13, kernels::rope_attention};
constexpr Operator kEmbedding{"llmodule::embedding.out", 6, kernels::embedding};
constexpr Operator kSoftcap{"llmodule::softcap.out", 3, kernels::softcap};

template <const Operator& kOperator>
constexpr Kernel make_kernel() {
  return Kernel(kOperator.name, boxed<kOperator>);
}

constexpr Kernel kKernels[] = {
    make_kernel<kCustomSdpa>(),
    make_kernel<kSdpaWithKvCache>(),
    make_kernel<kCustomQuantizedSdpa>(),
    make_kernel<kUpdateCache>(),
    make_kernel<kUpdateCacheWithIndices>(),
    make_kernel<kFastHadamardTransform>(),
    make_kernel<kFallback>(),
    make_kernel<kLinear>(),
    make_kernel<kRopeAttention>(),
    make_kernel<kEmbedding>(),
    make_kernel<kSoftcap>(),
};

}  // namespace

Span<const Kernel> kernel_list() { return {kKernels, sizeof kKernels / sizeof kKernels[0]}; }

}  // namespace llmodule

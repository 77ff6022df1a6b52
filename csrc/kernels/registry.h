#pragma once

#include <executorch/runtime/core/span.h>
#include <executorch/runtime/kernel/operator_registry.h>

namespace llmodule {

/// The operators of ExecuTorch's LLM files that its own wheel has no kernels for (kernels/operators.h): llama::
/// custom_sdpa.out, sdpa_with_kv_cache.out, custom_quantized_sdpa.out, update_cache.out, update_cache_with_indices.out,
/// fast_hadamard_transform.out and fallback.out; and those of native files (kernels/native_operators.h): llmodule::
/// linear.out, attention.out, embedding.out and softcap.out.
///
/// They are meant for the kernel list of Program::load_method. Nothing is registered globally, because the runtime ends
/// the process when an operator is registered twice, as it would be beside ExecuTorch's own `custom_ops` module.
///
/// Bad arguments fail the call (KernelRuntimeContext::fail, InvalidArgument) and are logged as one line. The span stays
/// valid for good.
executorch::runtime::Span<const executorch::runtime::Kernel> kernel_list();

}  // namespace llmodule

#pragma once

#include <executorch/runtime/kernel/kernel_runtime_context.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "kernels/registry.h"

namespace llmodule::testing {

using executorch::runtime::Error;
using executorch::runtime::EValue;

/// Calls `llama::<name>.out`, or `<name>.out` if it has a namespace, as the runtime does. @return the call's failure
/// state.
inline Error call(const std::string& name, std::vector<EValue> arguments) {
  const std::string full_name = (name.find("::") == std::string::npos ? "llama::" : "") + name + ".out";
  for (const auto& kernel : kernel_list()) {
    if (kernel.name_ != full_name) continue;
    std::vector<EValue*> stack;
    for (EValue& argument : arguments) stack.push_back(&argument);
    executorch::runtime::KernelRuntimeContext context;
    kernel.op_(context, {stack.data(), stack.size()});
    return context.failure_state();
  }
  throw std::logic_error("no kernel " + name);
}

/// Runs `check` with each instruction set of this machine, then goes back to the one in use.
inline void with_each_isa(const std::function<void(const char* name)>& check) {
  const kernels::KernelTable& before = kernels::kernel_table();
  for (const kernels::KernelTable* table : kernels::available_kernel_tables()) {
    kernels::set_kernel_table(*table);
    check(table->name);
  }
  kernels::set_kernel_table(before);
}

}  // namespace llmodule::testing

#pragma once

#include <vector>

#include "kernels/kernel_table.h"

namespace llmodule::kernels {

/// What this build has and this CPU runs, the slowest first.
std::vector<const KernelTable*> available_kernel_tables();

/// The table in use: the best of this CPU, unless the environment variable LLMODULE_ISA names another one of
/// available_kernel_tables() ("portable", "neon", "neon-dot", "avx2", "avx2-vnni", "avx512", "avx512-vnni"). Chosen at
/// the first call.
const KernelTable& kernel_table();

/// Replaces the table in use, for tests. Not while a kernel runs.
void set_kernel_table(const KernelTable& table);

}  // namespace llmodule::kernels

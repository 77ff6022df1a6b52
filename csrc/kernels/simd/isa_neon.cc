#include "kernels/simd/neon.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kNeonTable = make_table<Neon>(Isa::kNeon, "neon");

}  // namespace llmodule::kernels

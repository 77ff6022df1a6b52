#include "kernels/simd/dot_neon.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kNeonTable = make_table<Neon, NeonDot>(Isa::kNeon, "neon");

}  // namespace llmodule::kernels

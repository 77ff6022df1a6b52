#include "kernels/simd/dot_neon.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kNeonDotTable = make_table<Neon, NeonDotProduct>(Isa::kNeonDot, "neon-dot");

}  // namespace llmodule::kernels

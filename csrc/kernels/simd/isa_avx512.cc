#include "kernels/simd/avx512.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kAvx512Table = make_table<Avx512>(Isa::kAvx512, "avx512");

}  // namespace llmodule::kernels

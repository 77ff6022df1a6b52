#include "kernels/simd/dot_avx512.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kAvx512Table = make_table<Avx512, Avx512Dot>(Isa::kAvx512, "avx512");

}  // namespace llmodule::kernels

#include "kernels/simd/dot_avx2.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kAvx2Table = make_table<Avx2, Avx2Dot>(Isa::kAvx2, "avx2");

}  // namespace llmodule::kernels

#include "kernels/simd/dot_avx2_vnni.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kAvx2VnniTable = make_table<Avx2, Avx2VnniDot>(Isa::kAvx2Vnni, "avx2-vnni");

}  // namespace llmodule::kernels

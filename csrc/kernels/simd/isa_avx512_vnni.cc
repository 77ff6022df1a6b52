#include "kernels/simd/dot_avx512_vnni.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kAvx512VnniTable = make_table<Avx512, Avx512VnniDot>(Isa::kAvx512Vnni, "avx512-vnni");

}  // namespace llmodule::kernels

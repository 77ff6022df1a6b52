#include "kernels/simd/portable.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kPortableTable = make_table<Portable>(Isa::kPortable, "portable");

}  // namespace llmodule::kernels

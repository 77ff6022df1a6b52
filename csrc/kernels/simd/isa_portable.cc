#include "kernels/simd/dot_portable.h"
#include "kernels/simd/table.h"

namespace llmodule::kernels {

const KernelTable kPortableTable = make_table<Portable, PortableDot>(Isa::kPortable, "portable");

}  // namespace llmodule::kernels

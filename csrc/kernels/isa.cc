#include "kernels/isa.h"

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace llmodule::kernels {

namespace {

#if defined(__x86_64__)
bool has_f16c() {
  unsigned int a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c(); }

bool has_avx2_vnni() { return has_avx2() && __builtin_cpu_supports("avxvnni"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
#elif defined(__aarch64__)
bool has_dot_product() {
#if defined(__linux__)
  constexpr unsigned long kDotProduct = 1UL << 20;  // HWCAP_ASIMDDP of the kernel's hwcap.h
  return (getauxval(AT_HWCAP) & kDotProduct) != 0;
#else
  return true;  // every Arm of Apple's
#endif
}
#endif

const KernelTable& choose_table() {
  const std::vector<const KernelTable*> tables = available_kernel_tables();
  const char* wanted = std::getenv("LLMODULE_ISA");
  if (wanted == nullptr || *wanted == '\0') return *tables.back();
  std::string names;
  for (const KernelTable* table : tables) {
    if (std::string_view(table->name) == wanted) return *table;
    names += std::string(names.empty() ? "" : ", ") + table->name;
  }
  log(LogLevel::kWarning, "LLMODULE_ISA is \"" + std::string(wanted) + "\", but this CPU and build have only " + names +
                              "; " + tables.back()->name + " is used");
  return *tables.back();
}

std::atomic<const KernelTable*> table_in_use{nullptr};

}  // namespace

std::vector<const KernelTable*> available_kernel_tables() {
  std::vector<const KernelTable*> tables = {&kPortableTable};
#if defined(__x86_64__)
  if (has_avx2()) tables.push_back(&kAvx2Table);
  if (has_avx2_vnni()) tables.push_back(&kAvx2VnniTable);
  if (has_avx512()) tables.push_back(&kAvx512Table);
  if (has_avx512_vnni()) tables.push_back(&kAvx512VnniTable);
#elif defined(__aarch64__)
  tables.push_back(&kNeonTable);
  if (has_dot_product()) tables.push_back(&kNeonDotTable);
#endif
  return tables;
}

const KernelTable& kernel_table() {
  const KernelTable* table = table_in_use.load(std::memory_order_acquire);
  if (table == nullptr) {
    table = &choose_table();
    table_in_use.store(table, std::memory_order_release);
  }
  return *table;
}

void set_kernel_table(const KernelTable& table) { table_in_use.store(&table, std::memory_order_release); }

}  // namespace llmodule::kernels

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "program/cpu_quota.h"

using llmodule::cpu_quota;

namespace {

// Folders as the kernel shows them, gone at the end of the test.
class Groups {
 public:
  Groups() : root_(std::filesystem::temp_directory_path() / ("llmodule-groups-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(root_);
  }
  ~Groups() { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& content) const {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }

  double quota() const { return cpu_quota((root_ / "membership").string(), root_.string()); }

 private:
  std::filesystem::path root_;
};

}  // namespace

TEST_CASE("the quota of version 2 is that of the narrowest group on the way up") {
  const Groups groups;
  groups.write("membership", "0::/system.slice/chat.service\n");
  CHECK(std::isinf(groups.quota()));
  groups.write("system.slice/chat.service/cpu.max", "max 100000\n");
  CHECK(std::isinf(groups.quota()));
  groups.write("system.slice/cpu.max", "150000 100000\n");
  CHECK(groups.quota() == 1.5);
  groups.write("system.slice/chat.service/cpu.max", "400000 100000\n");
  CHECK(groups.quota() == 1.5);
  groups.write("system.slice/chat.service/cpu.max", "25000 50000\n");
  CHECK(groups.quota() == 0.5);
}

TEST_CASE("the quota of version 1 is that of the controller cpu") {
  const Groups groups;
  groups.write("membership", "4:memory:/a\n3:cpuset:/a\n2:cpu,cpuacct:/a/b\n0::/\n");
  groups.write("cpu/a/b/cpu.cfs_quota_us", "-1\n");
  groups.write("cpu/a/b/cpu.cfs_period_us", "100000\n");
  groups.write("cpuset/a/cpu.cfs_quota_us", "1000\n");
  groups.write("cpuset/a/cpu.cfs_period_us", "100000\n");
  CHECK(std::isinf(groups.quota()));
  groups.write("cpu/a/cpu.cfs_quota_us", "200000\n");
  groups.write("cpu/a/cpu.cfs_period_us", "100000\n");
  CHECK(groups.quota() == 2.0);
}

TEST_CASE("a container whose group has another path outside reads the mount itself") {
  const Groups groups;
  groups.write("membership", "0::/docker/0123456789ab\n");
  groups.write("cpu.max", "100000 100000\n");
  CHECK(groups.quota() == 1.0);
}

TEST_CASE("what is no quota limits nothing") {
  const Groups groups;
  CHECK(std::isinf(groups.quota()));
  for (const char* text : {"", "\n", "0", "0::", "a:b", "::::", "0::/../..\n", "0::////\n"}) {
    groups.write("membership", text);
    for (const char* limit : {"", "max", "0 100000", "100000", "100000 0", "-5 100000", "nan nan", "x y"}) {
      groups.write("cpu.max", limit);
      INFO(text << " and " << limit);
      CHECK(std::isinf(groups.quota()));
    }
  }
}

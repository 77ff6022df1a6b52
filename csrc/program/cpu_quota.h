#pragma once

#include <string>

namespace llmodule {

/// Seconds of CPU time per second that control groups grant this process: 1.5 is one core and a half. Infinity where
/// nothing limits it, and on systems without them. Read are `cpu.max` of version 2 and `cpu.cfs_quota_us` of version 1
/// (Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst), of the process's own group and of all
/// above it, because the smallest one binds.
/// @param membership the file that names the process's groups. @param mounts the folder they are mounted in.
double cpu_quota(const std::string& membership = "/proc/self/cgroup", const std::string& mounts = "/sys/fs/cgroup");

}  // namespace llmodule

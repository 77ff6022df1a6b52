#include "program/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace llmodule {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// "quota period" of version 2, or each in a file of its own; no limit is "max" in one and -1 in the other.
double read_quota(std::istream& quota, std::istream& period) {
  double granted = 0.0;
  double of = 0.0;
  return quota >> granted && period >> of && granted > 0.0 && of > 0.0 ? granted / of : kUnlimited;
}

double group_quota(const std::string& folder) {
  std::ifstream both(folder + "/cpu.max");
  std::ifstream quota(folder + "/cpu.cfs_quota_us");
  std::ifstream period(folder + "/cpu.cfs_period_us");
  return std::min(read_quota(both, both), read_quota(quota, period));
}

bool lists(const std::string& controllers, const std::string& name) {
  std::istringstream list(controllers);
  for (std::string item; std::getline(list, item, ',');) {
    if (item == name) return true;
  }
  return false;
}

}  // namespace

double cpu_quota(const std::string& membership, const std::string& mounts) {
  double least = kUnlimited;
  std::ifstream groups(membership);
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path; version 2 names no controllers
    std::istringstream fields(line);
    std::string number;
    std::string controllers;
    std::string path;
    if (!std::getline(fields, number, ':') || !std::getline(fields, controllers, ':')) continue;
    std::getline(fields, path);
    if (!controllers.empty() && !lists(controllers, "cpu")) continue;
    const std::string mount = mounts + (controllers.empty() ? "" : "/cpu");
    // A container may see the path that its group has outside; of that, only the mount itself exists here.
    for (;; path.resize(path.rfind('/'))) {
      least = std::min(least, group_quota(mount + path));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

}  // namespace llmodule

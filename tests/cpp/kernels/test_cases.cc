#include <yyjson.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <memory>

#include "call.h"
#include "host_tensor.h"

namespace llmodule::testing {
namespace {

/// tests/data/kernels/cases.json and .bin, which make_cases.py there writes and describes.
class CaseFile {
 public:
  CaseFile() : document_(nullptr, yyjson_doc_free) {
    const std::string json = read(LLMODULE_KERNEL_CASES ".json");
    data_ = read(LLMODULE_KERNEL_CASES ".bin");
    document_.reset(yyjson_read(json.data(), json.size(), 0));
    REQUIRE(document_ != nullptr);
  }

  yyjson_val* calls() const { return yyjson_doc_get_root(document_.get()); }

  HostTensor tensor(yyjson_val* spec) const {
    const std::string dtype = yyjson_get_str(yyjson_obj_get(spec, "dtype"));
    std::vector<std::int32_t> sizes;
    std::size_t i, count;
    yyjson_val* size;
    yyjson_arr_foreach(yyjson_obj_get(spec, "shape"), i, count, size) sizes.push_back(yyjson_get_int(size));
    HostTensor tensor(type(dtype), sizes);
    yyjson_val* place = yyjson_obj_get(spec, "offset");
    if (place == nullptr) return tensor;
    const std::size_t offset = yyjson_get_uint(place);
    REQUIRE(offset + tensor.memory().size() <= data_.size());
    std::copy_n(data_.data() + offset, tensor.memory().size(), tensor.memory().data());
    return tensor;
  }

 private:
  static std::string read(const char* path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static ScalarType type(const std::string& dtype) {
    if (dtype == "float32") return ScalarType::Float;
    if (dtype == "float16") return ScalarType::Half;
    if (dtype == "bfloat16") return ScalarType::BFloat16;
    if (dtype == "int8") return ScalarType::Char;
    REQUIRE(dtype == "int64");
    return ScalarType::Long;
  }

  std::string data_;
  std::unique_ptr<yyjson_doc, void (*)(yyjson_doc*)> document_;
};

/// Makes the call and compares what it leaves in its tensors.
void run(const CaseFile& file, yyjson_val* spec) {
  std::vector<std::unique_ptr<HostTensor>> tensors;
  std::vector<EValue> arguments;
  std::size_t i, count;
  yyjson_val* argument;
  yyjson_arr_foreach(yyjson_obj_get(spec, "arguments"), i, count, argument) {
    tensors.emplace_back();
    if (yyjson_is_null(argument)) {
      arguments.emplace_back();
    } else if (yyjson_val* value = yyjson_obj_get(argument, "tensor")) {
      tensors.back() = std::make_unique<HostTensor>(file.tensor(value));
      arguments.push_back(tensors.back()->value());
    } else if ((value = yyjson_obj_get(argument, "int"))) {
      arguments.emplace_back(static_cast<std::int64_t>(yyjson_get_sint(value)));
    } else if ((value = yyjson_obj_get(argument, "bool"))) {
      arguments.emplace_back(yyjson_get_bool(value));
    } else {
      arguments.emplace_back(yyjson_get_num(yyjson_obj_get(argument, "double")));
    }
  }
  REQUIRE(call(yyjson_get_str(yyjson_obj_get(spec, "op")), arguments) == Error::Ok);

  yyjson_val* expected;
  REQUIRE(yyjson_arr_size(yyjson_obj_get(spec, "expected")) > 0);
  yyjson_arr_foreach(yyjson_obj_get(spec, "expected"), i, count, expected) {
    const HostTensor& actual = *tensors[yyjson_get_uint(yyjson_obj_get(expected, "argument"))];
    const HostTensor wanted = file.tensor(expected);
    REQUIRE(actual.sizes() == wanted.sizes());
    double worst = 0;
    for (std::int64_t e = 0; e < wanted.numel(); ++e) {
      const double error = std::abs(actual.get(e) - wanted.get(e));
      if (!(error <= worst)) worst = error;
    }
    CHECK(worst <= yyjson_get_num(yyjson_obj_get(expected, "tolerance")));
  }
}

TEST_CASE("cases: every operator gives what numpy computes") {
  const CaseFile file;
  with_each_isa([&](const char* isa) {
    std::size_t i, count;
    yyjson_val* spec;
    yyjson_arr_foreach(file.calls(), i, count, spec) {
      CAPTURE(isa, yyjson_get_str(yyjson_obj_get(spec, "op")), yyjson_get_str(yyjson_obj_get(spec, "name")));
      run(file, spec);
    }
    CHECK(count >= 30);
  });
}

}  // namespace
}  // namespace llmodule::testing

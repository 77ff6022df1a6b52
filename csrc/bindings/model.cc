#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <chrono>
#include <memory>
#include <vector>

#include "bindings/gil.h"
#include "bindings/register.h"
#include "program/pte_model.h"
#include "program/runtime.h"
#include "program/threads.h"

namespace llmodule::bindings {
namespace {

std::shared_ptr<PteModel> load(const std::string& path, std::size_t threads) {
  const ReleasedGil released;
  if (threads != 0) {
    initialize_runtime();
    set_num_threads(threads);
  }
  return std::make_shared<PteModel>(path);
}

py::array_t<float> step(PteModel& model, const std::vector<TokenId>& tokens, std::size_t position,
                        std::optional<std::size_t> rows) {
  Span<float> logits;
  {
    const ReleasedGil released;
    logits = model.step(Span<const TokenId>(tokens.data(), tokens.size()), position, rows.value_or(1));
  }
  const auto size = static_cast<py::ssize_t>(logits.size());
  if (!rows) return py::array_t<float>(size, logits.data());
  const auto count = static_cast<py::ssize_t>(*rows);
  return py::array_t<float>({count, size / count}, logits.data());
}

}  // namespace

void register_model(py::module_& module) {
  py::class_<ModelInfo>(module, "ModelInfo", "What a model says of itself.")
      .def_readonly("vocab_size", &ModelInfo::vocab_size)
      .def_readonly("context_length", &ModelInfo::context_length)
      .def_readonly("max_step_tokens", &ModelInfo::max_step_tokens)
      .def_readonly("has_kv_cache", &ModelInfo::has_kv_cache)
      .def_readonly("logits_rows", &ModelInfo::logits_rows)
      .def_readonly("rewindable", &ModelInfo::rewindable)
      .def_readonly("bos_id", &ModelInfo::bos_id)
      .def_readonly("eos_ids", &ModelInfo::eos_ids)
      .def_readonly("logits_dtype", &ModelInfo::logits_dtype)
      .def_readonly("metadata", &ModelInfo::metadata);

  py::class_<PteModel, std::shared_ptr<PteModel>>(module, "Model", "A language model in a .pte file.")
      .def(py::init(&load), py::arg("path"), py::kw_only(), py::arg("threads") = 0)
      .def_property_readonly("info", &PteModel::info, py::return_value_policy::reference_internal)
      .def("step", &step, py::arg("tokens"), py::kw_only(), py::arg("position"), py::arg("rows") = py::none(),
           "Runs `tokens` from `position` on and returns the last one's logits, float32 [vocab_size], or those of the "
           "last `rows`, [rows, vocab_size]. No session may use the model at the same time.")
      .def_property_readonly("execute_seconds", &PteModel::execute_seconds)
      .def_property_readonly("working_bytes", &PteModel::working_bytes);

  module.def(
      "num_threads",
      [] {
        initialize_runtime();
        return num_threads();
      },
      "Threads that execute models.");
  module.def(
      "set_num_threads",
      [](std::size_t count) {
        initialize_runtime();
        set_num_threads(count);
      },
      py::arg("count"), "Resizes the pool of threads that execute models; 0: one per physical core.");
}

}  // namespace llmodule::bindings

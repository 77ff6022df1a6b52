#include <pybind11/stl.h>

#include "bindings/register.h"
#include "generation/generation_config.h"

namespace llmodule::bindings {
namespace {

// Keyword arguments are set as attributes, so that names, types and defaults stand in one place: the structs.
GenerationConfig make(const py::kwargs& fields) {
  const py::object config = py::cast(GenerationConfig{});
  for (const auto& [name, value] : fields) {
    if (!py::hasattr(config, name)) {
      throw py::type_error("GenerationConfig has no field '" + name.cast<std::string>() + "'");
    }
    py::setattr(config, name, value);
  }
  return config.cast<GenerationConfig>();
}

template <typename T>
auto sampling(T SamplingConfig::* field) {
  return [field](const GenerationConfig& self) { return self.sampling.*field; };
}

template <typename T>
auto set_sampling(T SamplingConfig::* field) {
  return [field](GenerationConfig& self, const T& value) { self.sampling.*field = value; };
}

}  // namespace

void register_config(py::module_& module) {
  py::class_<GenerationConfig> config(module, "GenerationConfig", "How tokens are chosen and when to stop.");
  const auto add = [&config](const char* name, auto field) {
    config.def_property(name, sampling(field), set_sampling(field));
  };
  config.def(py::init(&make))
      .def_readwrite("max_new_tokens", &GenerationConfig::max_new_tokens)
      .def_readwrite("stop", &GenerationConfig::stop)
      .def_readwrite("eos_ids", &GenerationConfig::eos_ids)
      .def_readwrite("ignore_eos", &GenerationConfig::ignore_eos)
      .def_readwrite("skip_special_tokens", &GenerationConfig::skip_special_tokens)
      .def_readwrite("logprobs", &GenerationConfig::logprobs)
      .def_readwrite("max_draft_tokens", &GenerationConfig::max_draft_tokens)
      .def_readwrite("prefill_chunk", &GenerationConfig::prefill_chunk)
      .def("validate", &GenerationConfig::validate);
  add("temperature", &SamplingConfig::temperature);
  add("top_k", &SamplingConfig::top_k);
  add("top_p", &SamplingConfig::top_p);
  add("min_p", &SamplingConfig::min_p);
  add("repetition_penalty", &SamplingConfig::repetition_penalty);
  add("presence_penalty", &SamplingConfig::presence_penalty);
  add("frequency_penalty", &SamplingConfig::frequency_penalty);
  add("penalty_window", &SamplingConfig::penalty_window);
  add("logit_bias", &SamplingConfig::logit_bias);
  add("seed", &SamplingConfig::seed);
}

}  // namespace llmodule::bindings

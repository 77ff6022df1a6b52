#include "generation/session.h"

#include <pybind11/stl.h>

#include "base/cancel.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "program/pte_model.h"

namespace llmodule::bindings {
namespace {

// The Python callable lives in the caller's frame for the whole call, so only a reference to it enters the core, and
// nothing of Python is copied or freed without the GIL.
TokenCallback wrap(const py::object& callback) {
  if (callback.is_none()) return {};
  return [&callback](const TokenEvent& event) {
    const py::gil_scoped_acquire gil;
    const py::object text =
        py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(event.text.data(), event.text.size(), "replace"));
    return !callback(text, event.token, event.logprob).is(py::bool_(false));
  };
}

GenerationResult generate(Session& self, const std::vector<TokenId>& prompt, const GenerationConfig& config,
                          const py::object& callback, const CancelFlag& cancel) {
  const TokenCallback on_token = wrap(callback);
  SignalCheck check_signals;
  const PollHook poll = [&check_signals] { check_signals(); };
  const ReleasedGil released;
  return self.generate(prompt, config, on_token, cancel, poll);
}

std::shared_ptr<Session> make(const std::shared_ptr<PteModel>& model, const std::shared_ptr<Tokenizer>& tokenizer,
                              const std::optional<std::shared_ptr<PteModel>>& draft_model) {
  return std::make_shared<Session>(model, tokenizer, draft_model.value_or(nullptr));
}

}  // namespace

void register_session(py::module_& module) {
  py::class_<CancelFlag>(module, "CancelFlag", "Ends one generation from any thread; it can't be reset.")
      .def(py::init<>())
      .def("cancel", &CancelFlag::cancel)
      .def_property_readonly("cancelled", &CancelFlag::cancelled);

  py::class_<GenerationStats>(module, "GenerationStats", "Counts and seconds of one generation.")
      .def_readonly("prompt_tokens", &GenerationStats::prompt_tokens)
      .def_readonly("cached_tokens", &GenerationStats::cached_tokens)
      .def_readonly("generated_tokens", &GenerationStats::generated_tokens)
      .def_readonly("drafted_tokens", &GenerationStats::drafted_tokens)
      .def_readonly("accepted_tokens", &GenerationStats::accepted_tokens)
      .def_readonly("prefill_seconds", &GenerationStats::prefill_seconds)
      .def_readonly("first_token_seconds", &GenerationStats::first_token_seconds)
      .def_readonly("decode_seconds", &GenerationStats::decode_seconds)
      .def_readonly("execute_seconds", &GenerationStats::execute_seconds);

  py::class_<GenerationResult>(module, "GenerationResult", "What one generation produced and why it ended.")
      .def_readonly("text", &GenerationResult::text)
      .def_readonly("tokens", &GenerationResult::tokens)
      .def_readonly("logprobs", &GenerationResult::logprobs)
      .def_property_readonly("finish_reason",
                             [](const GenerationResult& self) { return finish_reason_name(self.finish_reason); })
      .def_readonly("stop_string", &GenerationResult::stop_string)
      .def_readonly("seed", &GenerationResult::seed)
      .def_readonly("stats", &GenerationResult::stats);

  py::class_<Session, std::shared_ptr<Session>>(module, "Session",
                                                "A model, its tokenizer and what its KV cache holds.")
      .def(py::init(&make), py::arg("model"), py::arg("tokenizer"), py::arg("draft_model") = py::none())
      .def("generate", &generate, py::arg("prompt"), py::arg("config"), py::arg("callback").none(true),
           py::arg("cancel"))
      .def_property_readonly("cached_tokens", &Session::cached_tokens)
      .def("reset", &Session::reset);
}

}  // namespace llmodule::bindings

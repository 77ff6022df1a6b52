#include "bindings/register.h"

PYBIND11_MODULE(_native, module) {
  using namespace llmodule::bindings;
  module.doc() = "The native core of llmodule: tokenizer, model, sampling and the token loop.";
  register_errors(module);
  register_logging(module);
  register_tokenizer(module);
  register_model(module);
  register_config(module);
  register_session(module);
  register_quantize(module);
}

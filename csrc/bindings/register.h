#pragma once

#include <pybind11/pybind11.h>

namespace llmodule::bindings {

namespace py = pybind11;

// One function per file of this folder; module.cc calls them in this order.
void register_errors(py::module_& module);
void register_logging(py::module_& module);
void register_tokenizer(py::module_& module);
void register_model(py::module_& module);
void register_config(py::module_& module);
void register_session(py::module_& module);
void register_quantize(py::module_& module);

}  // namespace llmodule::bindings

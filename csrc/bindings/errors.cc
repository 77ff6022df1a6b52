#include <exception>

#include "base/error.h"
#include "bindings/register.h"

namespace llmodule::bindings {

// std::invalid_argument becomes ValueError by pybind11 itself. An Error becomes the Python class of its code, which
// llmodule.errors chooses, so that there is one list of them.
void register_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      try {
        const py::object exception =
            py::module_::import("llmodule.errors")
                .attr("from_native")(error_code_name(error.code()), error.what(), error.runtime_code());
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
      } catch (py::error_already_set& failure) {
        failure.restore();
      }
    }
  });
}

}  // namespace llmodule::bindings

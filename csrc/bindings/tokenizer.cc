#include "tokenizer/tokenizer.h"

#include <pybind11/stl.h>

#include "bindings/gil.h"
#include "bindings/register.h"
#include "tokenizer/stream_decoder.h"

namespace llmodule::bindings {
namespace {

std::shared_ptr<Tokenizer> load(const std::string& path) {
  const ReleasedGil released;
  // pybind11's holders are of non-const types; the class has const methods only.
  return std::const_pointer_cast<Tokenizer>(load_tokenizer(path));
}

std::vector<TokenId> encode(const Tokenizer& self, std::string_view text, bool add_special_tokens, bool parse_special) {
  const ReleasedGil released;
  return self.encode(text, {add_special_tokens, parse_special});
}

std::string decode(const Tokenizer& self, const std::vector<TokenId>& ids, bool skip_special_tokens) {
  const ReleasedGil released;
  return self.decode(ids, skip_special_tokens);
}

}  // namespace

void register_tokenizer(py::module_& module) {
  py::class_<Tokenizer, std::shared_ptr<Tokenizer>>(module, "Tokenizer",
                                                    "Text to token ids and back; threads may share one.")
      .def_static("from_file", &load, py::arg("path"))
      .def("encode", &encode, py::arg("text"), py::kw_only(), py::arg("add_special_tokens") = true,
           py::arg("parse_special") = true)
      .def("decode", &decode, py::arg("ids"), py::kw_only(), py::arg("skip_special_tokens") = true)
      .def_property_readonly("vocab_size", &Tokenizer::vocab_size)
      .def("token_to_id", &Tokenizer::token_to_id, py::arg("token"))
      .def("id_to_token", &Tokenizer::id_to_token, py::arg("id"))
      .def("is_special", &Tokenizer::is_special, py::arg("id"));
}

}  // namespace llmodule::bindings

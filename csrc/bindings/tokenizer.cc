#include "tokenizer/tokenizer.h"

#include <pybind11/stl.h>

#include "bindings/gil.h"
#include "bindings/register.h"
#include "tokenizer/batch.h"
#include "tokenizer/stream_decoder.h"

namespace llmodule::bindings {
namespace {

using AllowedSpecial = std::optional<std::vector<TokenId>>;

/// The UTF-8 that Python keeps beside the string. @throws py::error_already_set (UnicodeEncodeError) for lone
/// surrogates.
std::string_view utf8_of(const py::str& text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

using IdList = py::typing::List<int>;

/// A list of Python integers. A long text names few different tokens, so an integer that was made lately is used again
/// instead of allocated anew.
IdList to_list(const std::vector<TokenId>& ids) {
  constexpr std::size_t kMostRecent = std::size_t{1} << 13;
  struct Recent {
    TokenId id = -1;
    PyObject* object = nullptr;  // the list's
  };
  std::size_t slots = 1;
  while (slots < ids.size() && slots < kMostRecent) slots *= 2;
  std::vector<Recent> recent(slots);
  IdList list = py::reinterpret_steal<IdList>(PyList_New(static_cast<Py_ssize_t>(ids.size())));
  if (!list) throw py::error_already_set();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Recent& slot = recent[static_cast<std::size_t>(ids[i]) & (slots - 1)];
    if (slot.id == ids[i]) {
      Py_INCREF(slot.object);
    } else {
      slot = {ids[i], PyLong_FromLong(ids[i])};
      if (slot.object == nullptr) throw py::error_already_set();
    }
    PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), slot.object);
  }
  return list;
}

std::shared_ptr<Tokenizer> load(const std::string& path) {
  const ReleasedGil released;
  // pybind11's holders are of non-const types; the class has const methods only.
  return std::const_pointer_cast<Tokenizer>(load_tokenizer(path));
}

std::shared_ptr<Tokenizer> parse(const py::bytes& content) {
  std::string copy(content);
  const ReleasedGil released;
  return std::const_pointer_cast<Tokenizer>(parse_tokenizer(std::move(copy)));
}

IdList encode(const Tokenizer& self, const py::str& text, bool add_special_tokens, bool parse_special,
              AllowedSpecial allowed_special) {
  const std::string_view utf8 = utf8_of(text);
  std::vector<TokenId> ids;
  {
    const ReleasedGil released;
    ids = self.encode(utf8, {add_special_tokens, parse_special, std::move(allowed_special)});
  }
  return to_list(ids);
}

py::typing::List<IdList> encode_many(const Tokenizer& self, const std::vector<py::str>& texts, bool add_special_tokens,
                                     bool parse_special, AllowedSpecial allowed_special, unsigned threads) {
  std::vector<std::string_view> views;
  for (const py::str& text : texts) views.push_back(utf8_of(text));
  std::vector<std::vector<TokenId>> encoded;
  {
    const ReleasedGil released;
    encoded = encode_batch(self, {views.data(), views.size()},
                           {add_special_tokens, parse_special, std::move(allowed_special)}, threads);
  }
  py::typing::List<IdList> lists;
  for (const std::vector<TokenId>& ids : encoded) lists.append(to_list(ids));
  return lists;
}

using Offsets = std::vector<std::pair<std::size_t, std::size_t>>;

std::pair<std::vector<TokenId>, Offsets> encode_with_offsets(const Tokenizer& self, const py::str& text,
                                                             bool add_special_tokens, bool parse_special,
                                                             AllowedSpecial allowed_special) {
  const std::string_view utf8 = utf8_of(text);
  const ReleasedGil released;
  tokenizer::Encoding encoding =
      self.encode_with_offsets(utf8, {add_special_tokens, parse_special, std::move(allowed_special)});
  std::vector<std::uint32_t> index(utf8.size() + 1);  // of the character that begins at, or before, each byte
  std::uint32_t characters = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    characters += (static_cast<unsigned char>(utf8[i]) & 0xC0) != 0x80;
    index[i] = characters - 1;
  }
  index[utf8.size()] = characters;
  Offsets offsets;
  offsets.reserve(encoding.offsets.size());
  for (const tokenizer::ByteRange& range : encoding.offsets) offsets.emplace_back(index[range.begin], index[range.end]);
  return {std::move(encoding.ids), std::move(offsets)};
}

std::string decode(const Tokenizer& self, const std::vector<TokenId>& ids, bool skip_special_tokens) {
  const ReleasedGil released;
  return self.decode(ids, skip_special_tokens);
}

}  // namespace

void register_tokenizer(py::module_& module) {
  const auto options = [](auto&& define) {
    define(py::kw_only(), py::arg("add_special_tokens") = true, py::arg("parse_special") = true,
           py::arg("allowed_special") = py::none());
  };
  py::class_<Tokenizer, std::shared_ptr<Tokenizer>> tokenizer(module, "Tokenizer",
                                                              "Text to token ids and back; threads may share one.");
  tokenizer.def_static("from_file", &load, py::arg("path"))
      .def_static("from_bytes", &parse, py::arg("content"))
      .def("decode", &decode, py::arg("ids"), py::kw_only(), py::arg("skip_special_tokens") = true)
      .def_property_readonly("vocab_size", &Tokenizer::vocab_size)
      .def_property_readonly("special_tokens", &Tokenizer::special_tokens)
      .def("token_to_id", &Tokenizer::token_to_id, py::arg("token"))
      .def("id_to_token", &Tokenizer::id_to_token, py::arg("id"))
      .def("is_special", &Tokenizer::is_special, py::arg("id"));
  options([&](const auto&... extra) {
    tokenizer.def("encode", &encode, py::arg("text"), extra...)
        .def("encode_with_offsets", &encode_with_offsets, py::arg("text"), extra...)
        .def("encode_batch", &encode_many, py::arg("texts"), extra..., py::arg("threads") = 0);
  });

  py::class_<StreamDecoder>(module, "StreamDecoder", "Tokens one by one to text in whole characters.")
      .def(py::init<const Tokenizer&, bool>(), py::arg("tokenizer"), py::kw_only(),
           py::arg("skip_special_tokens") = true, py::keep_alive<1, 2>())
      .def("push", &StreamDecoder::push, py::arg("token"))
      .def("finish", &StreamDecoder::finish);
}

}  // namespace llmodule::bindings

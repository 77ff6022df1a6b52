#include "tokenizer/format/json.h"

#include "base/error.h"

namespace llmodule::tokenizer {

void JsonNode::fail(const std::string& what) const { throw Error(ErrorCode::kTokenizerFormat, path_ + ": " + what); }

void JsonNode::fail_unknown(std::string_view value, const char* known) const {
  fail("'" + std::string(value) + "' is not supported; known are " + known + ".");
}

JsonNode JsonNode::operator[](const char* key) const {
  if (value_ != nullptr && !yyjson_is_obj(value_) && !yyjson_is_null(value_)) fail("an object is expected.");
  return {yyjson_obj_get(value_, key), path_ + "." + key};
}

std::string_view JsonNode::string() const {
  if (!yyjson_is_str(value_)) fail("a string is expected.");
  return view(value_);
}

bool JsonNode::boolean() const {
  if (!yyjson_is_bool(value_)) fail("true or false is expected.");
  return yyjson_get_bool(value_);
}

std::int64_t JsonNode::integer() const {
  if (!yyjson_is_int(value_) || (yyjson_is_uint(value_) && yyjson_get_uint(value_) > INT64_MAX)) {
    fail("an integer is expected.");
  }
  return yyjson_get_sint(value_);
}

double JsonNode::number() const {
  if (!yyjson_is_num(value_)) fail("a number is expected.");
  return yyjson_get_num(value_);
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!yyjson_is_arr(value_)) fail("an array is expected.");
  std::vector<JsonNode> result;
  result.reserve(yyjson_arr_size(value_));
  yyjson_arr_iter iterator = yyjson_arr_iter_with(value_);
  while (yyjson_val* element = yyjson_arr_iter_next(&iterator)) {
    result.emplace_back(element, path_ + "[" + std::to_string(result.size()) + "]");
  }
  return result;
}

JsonDocument::JsonDocument(std::string content, std::string name)
    : content_(std::move(content)), name_(std::move(name)) {
  const std::size_t size = content_.size();
  content_.resize(size + YYJSON_PADDING_SIZE);
  yyjson_read_err error;
  document_.reset(yyjson_read_opts(content_.data(), size, YYJSON_READ_INSITU, nullptr, &error));
  if (document_ == nullptr) {
    throw Error(ErrorCode::kTokenizerFormat,
                name_ + " is not valid JSON: " + error.msg + " at byte " + std::to_string(error.pos) + ".");
  }
}

}  // namespace llmodule::tokenizer

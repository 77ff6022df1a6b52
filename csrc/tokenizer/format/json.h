#pragma once

#include <yyjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llmodule::tokenizer {

/// A value of a JSON document, with the path to it for messages. Valid as long as its document.
class JsonNode {
 public:
  JsonNode(yyjson_val* value, std::string path) : value_(value), path_(std::move(path)) {}

  /// null, or not there at all.
  bool is_null() const { return value_ == nullptr || yyjson_is_null(value_); }
  bool is_string() const { return yyjson_is_str(value_); }
  bool is_object() const { return yyjson_is_obj(value_); }
  bool is_array() const { return yyjson_is_arr(value_); }
  bool is_number() const { return yyjson_is_num(value_); }

  /// The member `key` of an object; a missing one is null.
  JsonNode operator[](const char* key) const;

  /// The value, or Error(kTokenizerFormat) naming the path if it is of another type.
  std::string_view string() const;
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;
  /// The elements of an array.
  std::vector<JsonNode> elements() const;

  bool boolean_or(bool otherwise) const { return is_null() ? otherwise : boolean(); }
  std::string_view string_or(std::string_view otherwise) const { return is_null() ? otherwise : string(); }

  /// The string member "type".
  std::string_view type() const { return (*this)["type"].string(); }

  yyjson_val* raw() const { return value_; }
  const std::string& path() const { return path_; }

  /// @throws Error(kTokenizerFormat) "<path>: <what>".
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_unknown(std::string_view value, const char* known) const;

 private:
  yyjson_val* value_;
  std::string path_;
};

class JsonDocument {
 public:
  /// @param name stands at the front of every path.
  /// @throws Error(kTokenizerFormat) with the position if `content` is not JSON.
  JsonDocument(std::string content, std::string name);
  JsonNode root() const { return {yyjson_doc_get_root(document_.get()), name_}; }

 private:
  struct Free {
    void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
  };
  std::string content_;  // parsed in place: the strings of the document lie in it
  std::string name_;
  std::unique_ptr<yyjson_doc, Free> document_;
};

inline std::string_view view(yyjson_val* string) { return {yyjson_get_str(string), yyjson_get_len(string)}; }

}  // namespace llmodule::tokenizer

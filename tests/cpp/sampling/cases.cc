#include "cases.h"

#include <yyjson.h>

#include <limits>
#include <memory>
#include <stdexcept>

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

double number(yyjson_val* value) { return yyjson_is_null(value) ? -kInfinity : yyjson_get_num(value); }

template <typename T>
std::vector<T> numbers(yyjson_val* array) {
  std::vector<T> out;
  std::size_t index, count;
  yyjson_val* item;
  yyjson_arr_foreach(array, index, count, item) out.push_back(static_cast<T>(number(item)));
  return out;
}

template <typename T>
void read(yyjson_val* object, const char* key, T& field) {
  if (yyjson_val* value = yyjson_obj_get(object, key)) field = static_cast<T>(yyjson_get_num(value));
}

llmodule::SamplingConfig read_config(yyjson_val* object) {
  llmodule::SamplingConfig config;
  read(object, "temperature", config.temperature);
  read(object, "top_k", config.top_k);
  read(object, "top_p", config.top_p);
  read(object, "min_p", config.min_p);
  read(object, "repetition_penalty", config.repetition_penalty);
  read(object, "presence_penalty", config.presence_penalty);
  read(object, "frequency_penalty", config.frequency_penalty);
  read(object, "penalty_window", config.penalty_window);
  config.seed = yyjson_get_uint(yyjson_obj_get(object, "seed"));
  std::size_t index, count;
  yyjson_val* pair;
  yyjson_arr_foreach(yyjson_obj_get(object, "logit_bias"), index, count, pair) {
    config.logit_bias.emplace_back(static_cast<llmodule::TokenId>(yyjson_get_int(yyjson_arr_get(pair, 0))),
                                   static_cast<float>(number(yyjson_arr_get(pair, 1))));
  }
  return config;
}

Case read_case(yyjson_val* object) {
  Case result;
  result.name = yyjson_get_str(yyjson_obj_get(object, "name"));
  result.config = read_config(yyjson_obj_get(object, "config"));
  result.history = numbers<llmodule::TokenId>(yyjson_obj_get(object, "history"));
  result.logits = numbers<float>(yyjson_obj_get(object, "logits"));
  result.edited = numbers<float>(yyjson_obj_get(object, "edited"));
  if (result.edited.empty()) result.edited = result.logits;
  result.tokens = numbers<llmodule::TokenId>(yyjson_obj_get(object, "tokens"));
  result.probabilities = numbers<double>(yyjson_obj_get(object, "probabilities"));
  result.draws = numbers<llmodule::TokenId>(yyjson_obj_get(object, "draws"));
  return result;
}

std::vector<Case> read_cases() {
  yyjson_read_err error;
  const std::unique_ptr<yyjson_doc, decltype(&yyjson_doc_free)> document(
      yyjson_read_file(LLMODULE_SAMPLING_CASES, 0, nullptr, &error), yyjson_doc_free);
  if (document == nullptr) throw std::runtime_error(std::string(LLMODULE_SAMPLING_CASES ": ") + error.msg);
  std::vector<Case> out;
  std::size_t index, count;
  yyjson_val* item;
  yyjson_arr_foreach(yyjson_doc_get_root(document.get()), index, count, item) out.push_back(read_case(item));
  return out;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all = read_cases();
  return all;
}

#pragma once

#include <string>
#include <vector>

namespace handmade {

/// What differs between the small byte-level tokenizers of these tests; every member is JSON.
struct ByteLevelFile {
  std::vector<std::string> merges = {"h e", "l l", "ll o", "he llo", "Ġ w", "Ġw o"};
  std::string added_tokens =
      R"([{"id": 300, "content": "<|end|>", "special": true, "normalized": false},
          {"id": 301, "content": "<tool>", "special": false, "normalized": false}])";
  std::string normalizer = "null";
  std::string pre_tokenizer = R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})";
  std::string post_processor = "null";
  std::string decoder = R"({"type": "ByteLevel"})";
  std::string model_options = "";  ///< more members of the model, each behind a comma
};

/// A tokenizer.json whose vocabulary is the 256 bytes, ids 0 to 255 in the order of the byte values, and then what the
/// merges make, from 256 on.
std::string tokenizer_json(const ByteLevelFile& file = {});

}  // namespace handmade

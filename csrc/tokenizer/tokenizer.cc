#include "tokenizer/tokenizer.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "tokenizer/format/formats.h"
#include "tokenizer/format/recognise.h"

namespace llmodule {
namespace {

// The largest tokenizer file known has 33 MB.
constexpr std::streamoff kMaxFileBytes = std::streamoff{1} << 30;
// The JSON parser wants a few bytes behind the text; with room for them, tens of MB need not be moved.
constexpr std::size_t kRoomForParser = 64;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0) {
    throw Error(ErrorCode::kIo, "The tokenizer file '" + path + "' can't be opened: " + std::strerror(errno) + ".");
  }
  if (size > kMaxFileBytes) {
    throw Error(ErrorCode::kTokenizerFormat, "The tokenizer file '" + path + "' has " + std::to_string(size) +
                                                 " bytes; at most " + std::to_string(kMaxFileBytes) + " are read.");
  }
  std::string content;
  content.reserve(static_cast<std::size_t>(size) + kRoomForParser);
  content.resize(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(content.data(), size)) {
    throw Error(ErrorCode::kIo, "The tokenizer file '" + path + "' can't be read.");
  }
  return content;
}

}  // namespace

std::string Tokenizer::decode(Span<const TokenId> tokens, bool skip_special_tokens) const {
  std::string text;
  const std::unique_ptr<TokenTextStream> stream = open_stream(skip_special_tokens);
  for (const TokenId token : tokens) stream->push(token, text);
  stream->finish(text);
  return text;
}

std::shared_ptr<const Tokenizer> parse_tokenizer(std::string content) {
  switch (tokenizer::recognise(content)) {
    case tokenizer::Format::kHfJson:
      return tokenizer::read_hf_json(std::move(content));
    case tokenizer::Format::kTekkenJson:
      return tokenizer::read_tekken_json(std::move(content));
    case tokenizer::Format::kTiktoken:
      return tokenizer::read_tiktoken(content);
    case tokenizer::Format::kSentencePiece:
      return tokenizer::read_sentencepiece(content);
    case tokenizer::Format::kUnknown:
      break;
  }
  if (content.compare(0, 4, "GGUF") == 0) {
    throw Error(ErrorCode::kTokenizerFormat,
                "The content is a GGUF file, whose vocabulary llmodule.Tokenizer.from_file reads from a path.");
  }
  throw Error(ErrorCode::kTokenizerFormat,
              "The content is of no known tokenizer format; known are tokenizer.json, SentencePiece models, tiktoken "
              "ranks, Tekken JSON and, by path, GGUF files.");
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path) {
  try {
    return parse_tokenizer(read_file(path));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kTokenizerFormat) throw;
    throw Error(ErrorCode::kTokenizerFormat, "The tokenizer file '" + path + "': " + error.what());
  }
}

}  // namespace llmodule

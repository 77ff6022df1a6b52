#include <catch2/catch.hpp>

#include "tokenizer/decode/byte_level.h"
#include "tokenizer/decode/stages.h"

using namespace llmodule::tokenizer;
using Strings = std::vector<std::string>;

namespace {

struct End : TextSink {
  void text(std::string_view piece) override { all += piece; }
  void end_token() override {}
  void finish() override {}
  std::string all;
};

template <typename Stage, typename... Arguments>
std::unique_ptr<Decoder> make(Arguments... arguments) {
  return std::make_unique<SingleStageDecoder<Stage, Arguments...>>(std::move(arguments)...);
}

/// What has left after each token, and at the end.
Strings run(const Decoder& decoder, const Strings& tokens) {
  End end;
  std::vector<std::unique_ptr<DecodeStage>> stages;
  TextSink& first = decoder.open(end, stages);
  Strings steps;
  const auto step = [&] {
    steps.push_back(end.all);
    end.all.clear();
  };
  for (const std::string& token : tokens) {
    first.text(token);
    first.end_token();
    step();
  }
  first.finish();
  step();
  return steps;
}

template <typename... Decoders>
SequenceDecoder sequence(Decoders... decoders) {
  std::vector<std::unique_ptr<Decoder>> list;
  (list.push_back(std::move(decoders)), ...);
  return SequenceDecoder(std::move(list));
}

}  // namespace

TEST_CASE("A run of bytes leaves when it ends, valid or not") {
  const auto decoder = make<ByteFallbackStage>();
  CHECK(run(*decoder, {"a", "<0xE2>", "<0x82>", "<0xAC>", "b"}) == Strings{"a", "", "", "",
                                                                           "\xE2\x82\xAC"
                                                                           "b",
                                                                           ""});
  CHECK(run(*decoder, {"<0x41>", "<0xFF>"}) == Strings{"", "", "\xEF\xBF\xBD\xEF\xBF\xBD"});
  CHECK(run(*decoder, {"<0xZZ>", "<0x4>"}) == Strings{"<0xZZ>", "<0x4>", ""});
}

TEST_CASE("One leading space goes, once") {
  const SequenceDecoder decoder =
      sequence(make<ReplaceStage>(std::string("\xE2\x96\x81"), std::string(" ")), make<ByteFallbackStage>(),
               make<FuseStage>(), make<StripStage>(std::string(" "), std::size_t{1}, std::size_t{0}));
  CHECK(run(decoder, {"\xE2\x96\x81",
                      "\xE2\x96\x81"
                      "a",
                      "\xE2\x96\x81"
                      "b"}) == Strings{"", " a", " b", ""});
}

TEST_CASE("What may be the begin of a replacement is held back") {
  const SequenceDecoder decoder = sequence(make<FuseStage>(), make<ReplaceStage>(std::string("abc"), std::string("X")));
  CHECK(run(decoder, {"xa", "b", "cab", "d"}) == Strings{"x", "", "X", "abd", ""});
  CHECK(run(decoder, {"xab"}) == Strings{"x", "ab"});
}

TEST_CASE("Characters to strip at the end wait for the end") {
  const SequenceDecoder decoder =
      sequence(make<FuseStage>(), make<StripStage>(std::string("."), std::size_t{0}, std::size_t{2}));
  CHECK(run(decoder, {"a.", "..", "b..", "."}) == Strings{"a", ".", "..b", ".", ""});
}

TEST_CASE("Words of word pieces and of suffixes") {
  CHECK(run(*make<WordPieceStage>(std::string("##"), true), {"un", "##able", "to", "!"}) ==
        Strings{"un", "able", " to", "!", ""});
  CHECK(run(*make<WordEndStage>(std::string("</w>")), {"a</w>", "b</w>"}) == Strings{"", "a ", "b"});
  CHECK(run(*make<MetaspaceStage>(std::string("_"), true), {"_a", "_b"}) == Strings{"a", " b", ""});
}

TEST_CASE("The byte level joins bytes across tokens") {
  const ByteLevelDecoder decoder;
  CHECK(run(decoder, {"\xC3\x83", "\xC2\xA9", "\xC4\xA0x"}) == Strings{"", "\xC3\xA9", " x", ""});
  CHECK(run(decoder, {"\xE4\xB8\xAD"}) == Strings{"\xE4\xB8\xAD", ""});  // not in the alphabet: as it is
}

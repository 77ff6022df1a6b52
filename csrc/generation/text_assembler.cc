#include "generation/text_assembler.h"

namespace llmodule {

std::string_view TextAssembler::finish() {
  const std::size_t begin = text_.size();
  add(matcher_.push(decoder_.finish()));
  add(matcher_.finish());
  return std::string_view(text_).substr(begin);
}

std::string_view TextAssembler::add(std::string_view piece) {
  text_ += piece;
  return piece;
}

}  // namespace llmodule

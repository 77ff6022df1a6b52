#include "tokenizer/normalize/unicode_forms.h"

#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {

void UnicodeForm::apply(AlignedText& text) const {
  Rewriter rewriter(text);
  std::vector<unicode::Change> changes;
  for (;;) {
    rewriter.keep(unicode::unchanged_prefix(rewriter.rest(), form_));
    if (rewriter.rest().empty()) break;
    changes.clear();
    unicode::normalize(rewriter.rest().substr(0, unicode::unstable_run(rewriter.rest(), form_)), form_, changes);
    for (const unicode::Change& change : changes) rewriter.apply(change.character, change.change);
  }
  rewriter.finish();
}

void Lowercase::apply(AlignedText& text) const {
  Rewriter rewriter(text);
  while (!rewriter.rest().empty()) {
    char32_t lower[2];
    const std::size_t count = unicode::to_lowercase(unicode::first(rewriter.rest()).code_point, lower);
    rewriter.replace(lower[0]);
    if (count == 2) rewriter.insert(lower[1]);
  }
  rewriter.finish();
}

void StripAccents::apply(AlignedText& text) const {
  Rewriter rewriter(text);
  while (!rewriter.rest().empty()) {
    const unicode::Character character = unicode::first(rewriter.rest());
    if (unicode::is_combining_mark(character.code_point)) {
      rewriter.skip(character.length);
    } else {
      rewriter.keep(character.length);
    }
  }
  rewriter.finish();
}

}  // namespace llmodule::tokenizer

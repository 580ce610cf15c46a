//! How far code is indented on a page.

use checker::book::includes::outdented;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

/// Moves the code of a page to the left margin.
pub(super) struct Outdent;

impl Preprocessor for Outdent {
    fn name(&self) -> &str {
        "outdent"
    }

    fn run(&self, _context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.for_each_mut(|item: &mut BookItem| {
            if let BookItem::Chapter(chapter) = item {
                chapter.content = outdented(&chapter.content);
            }
        });
        Ok(book)
    }
}

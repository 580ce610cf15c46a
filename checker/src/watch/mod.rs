//! Checking after each save.
//!
//! - [`run`] is the loop: a check, a rest until there is a save or a key, and again,
//! - `keys` reads what is asked for: single keys, or lines where there is no terminal,
//! - `page` is what is shown of one check, ready to be drawn again,
//! - [`screen`] shows a page and a footer in place, and keeps what was there in the scrollback.

mod keys;
mod page;
mod run;
pub mod screen;

pub use self::run::run;

//! What checking after each save needs.
//!
//! - [`saves`] notices saves, by file events or by looking,
//! - [`keys`] reads what is asked for: single keys, or lines where there is no terminal,
//! - [`screen`] shows a page and a footer in place, and keeps what was there in the scrollback.

pub mod keys;
pub mod saves;
pub mod screen;

//! Recordings: the samples of a session in a file, and a session from that file.
//!
//! A bug report or an interesting hour is sent to somebody, who sees the same screen and the
//! same JSON. What is kept is what was sampled and what was chosen, not what came out: the
//! arithmetic is that of whoever replays.
//!
//! ```text
//! Source + Prices -> Tee -> Writer -> file -> Reader -> Replay (a Source)
//! ```
//!
//! A file is one line of text with the number of its form, then blocks, one after the other:
//!
//! ```text
//! jouletop recording 1\n
//! length u32 | plain length u32 | crc32 u32 | payload    (numbers in little endian)
//! ```
//!
//! The payloads are one deflate stream, flushed at the end of each, so that a block costs only
//! what differs from the blocks before it. Its sum is over its number (from 0), both lengths and
//! the payload: a block that was changed, lost or doubled is told, and nothing behind it believed.
//! Inflated, a payload is one JSON object of [`form::Block`]. The types of the form are the
//! file's own, in `form`: what the rest of the program calls its fields may change, what a file
//! calls them may not. A field may be added, with a default that means what its absence meant;
//! unknown ones are passed over. Anything else needs a new number, and code that reads the old.

mod block;
mod error;
mod form;
mod grid;
mod read;
mod replay;
mod roll;
mod stored;
mod tee;
mod waste;
mod write;

pub use error::RecordingError;
pub use replay::Replay;
pub use tee::{Keeping, Setting, Tee};
pub use write::WriteError;

/// How a recording begins; the number of its form and a line's end follow.
const MAGIC: &[u8] = b"jouletop recording ";
/// The form that this version writes; it reads all up to it.
const VERSION: u32 = 1;
/// The longest block, inflated, in bytes: a busy sample of 10,000 processes has two million.
const MOST_PLAIN: usize = 32 << 20;
/// The most objects of one block: what a byte of JSON may cost in memory is bounded with it.
const MOST_OBJECTS: usize = 1 << 20;
/// The most processes and bytes of their names that are remembered at a time.
const MOST_PEOPLE: usize = 1 << 20;
const MOST_TEXT: usize = 256 << 20;

#[cfg(test)]
mod tests;

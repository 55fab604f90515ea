//! The wire protocol as pure functions: bytes to messages and back. No I/O, no state, no allocation while decoding.
//!
//! * [`command`] and [`status`] name the two kinds of numbers on the wire.
//! * [`frame`] cuts a byte stream into messages and encodes messages: hardware, app and app-over-websocket forms.
//! * [`body`] splits bodies into their NUL-separated fields and reads numbers and pins from them.
//! * [`chunked`] takes HTTP bodies apart that come in chunks.
//! * [`sniff`] tells from a connection's first bytes which protocol it speaks.
//!
//! Decoders borrow from the caller's buffer and never take more than one frame at a time; the caller decides what to
//! keep. Nothing here panics, whatever the peer sends; `fuzz_targets` states that as code.

pub mod body;
pub mod chunked;
pub mod command;
pub mod frame;
#[doc(hidden)]
pub mod fuzz_targets;
pub mod mqtt;
pub mod sniff;
pub mod status;

pub use command::Command;
pub use frame::Message;
pub use status::Status;

//! What we say about the connections: columns, and formats to write them in.
//!
//! Records go in, reports come out. [`schema`] says what there is to say of a connection, [`format`](mod@format) how it is written:
//! ```text
//! FlowRecord ──▶ Column::value ──▶ Value ──▶ a Reporter of FORMATS ──▶ file, pipe, terminal
//! ```

mod address;
mod cell;
mod columns;
mod community_id;
pub mod error;
pub mod events;
pub mod format;
mod human;
mod json;
pub mod kind;
pub mod listing;
mod number;
pub mod record;
#[cfg(test)]
mod reference;
mod room;
pub mod rows;
#[cfg(test)]
pub(crate) mod sample;
pub mod schema;
pub mod story;
pub mod summary;
mod text;
pub mod time;
pub mod value;
mod words;

pub use error::Error;
pub use format::{
    BoxedReporter, FORMATS, Format, Options, Output, Reporter, RowEncoder, RunMeta, SortKey, Sorted, TerminalOptions,
};
pub use record::{FlowRecord, Layers, RunTotals};
pub use rows::{EncodedRow, RowBuffer, RowSpan};
pub use schema::Column;
pub use text::Paint;
pub use time::{Precision, TimeFormat};
pub use value::Value;

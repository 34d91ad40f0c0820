//! Who talks to whom: the table of connections. It knows nothing of what TCP measures; TCP answers its questions ([`FlowState`]).

mod agenda;
pub mod census;
pub mod copies;
mod journal;
mod places;
pub mod questions;
mod slab;
pub mod table;

pub use census::{Census, CensusView};
pub use copies::CopyFinder;
pub use journal::MOST as MOST_WAITING;
pub use questions::{Emitted, FlowState, Keeper, Outline, Placement};
pub use table::{Ahead, FEW, FlowTable, Next, TableStats};

//! Who talks to whom: the table of connections. It knows nothing of what TCP measures; TCP answers its questions ([`FlowState`]).

mod agenda;
pub mod census;
pub mod copies;
mod journal;
mod slab;
pub mod table;

pub use census::{Census, CensusView};
pub use copies::CopyFinder;
pub use table::{Emitted, FEW, FlowState, FlowTable, Keeper, Outline, Placement, TableStats};

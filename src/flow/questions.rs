//! What the table asks: of the state of a connection ([`FlowState`]), of what is known of it while its segments wait ([`Outline`]), and of
//! whoever keeps the connections ([`Keeper`]).

use crate::base::packed::Room;
use crate::base::{FlowKey, Nanos, SackBlock, Segment, Timestamp};

/// Where the tracked state says that a segment of its four-tuple belongs.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// To it.
    Same,
    /// To a new connection, behind these segments, which were held back.
    New(Vec<Segment>),
    /// It cannot be told yet; the state holds the segment back.
    Held,
    /// To none.
    Stray,
}

/// What is known of a connection whose segments wait to be looked at.
pub trait Outline: Copy + Default + std::fmt::Debug {
    /// Of one that began with this SYN.
    fn of_syn(syn: &Segment) -> Self;
    /// Notes the next segment, if [`FlowState::place`] would give it to this connection beyond doubt; false if not. What is the default takes
    /// none.
    fn takes(&mut self, segment: &Segment) -> bool;
    /// Its deadline lies no earlier than so long behind its last packet. `None`: it has none but what [`Keeper::patience`] says.
    fn linger(&self) -> Option<Nanos>;
}

/// What the table asks of the state that it keeps for each connection.
pub trait FlowState: Sized + std::fmt::Debug {
    /// What is known of it without it.
    type Outline: Outline;
    /// What is kept of a connection after its row has left.
    type Ghost: std::fmt::Debug;
    /// Why a connection leaves the table.
    type Reason: Copy + std::fmt::Debug;

    /// The four-tuple.
    fn key(&self) -> &FlowKey;
    /// A segment of its four-tuple belongs to it beyond doubt, as nearly all do.
    fn is_at_hand(&self, segment: &Segment) -> bool;
    /// Where a segment of its four-tuple belongs.
    fn place(&mut self, segment: &Segment) -> Placement;
    /// When it is final, if nothing more comes; `None` as long as it is open.
    fn deadline(&self) -> Option<Timestamp>;
    /// What is known of it when its next segments wait to be looked at.
    fn outline(&self) -> Self::Outline;
    /// Why it leaves at its deadline, where it is not closed.
    fn expired() -> Self::Reason;
    /// The remains of a connection that is final, and until when they are kept.
    fn ghost(&self, flow_id: u64) -> (Self::Ghost, Timestamp);
    /// A segment comes for a ghost: is it a late one of the old connection?
    fn haunts(ghost: &mut Self::Ghost, segment: &Segment) -> bool;
    /// Time of the connection's last packet.
    fn last_of_ghost(ghost: &Self::Ghost) -> Timestamp;
    /// Time of its last packet.
    fn last(&self) -> Timestamp;
    /// A new connection takes the four-tuple.
    fn superseded() -> Self::Reason;
    /// There is no room for it.
    fn evicted() -> Self::Reason;
    /// The capture is over.
    fn at_end() -> Self::Reason;
    /// SYNs that still wait for an answer, at the end of the capture.
    fn take_held(&mut self) -> Vec<Segment>;
    /// Bytes of memory that it takes, about.
    fn footprint(&self) -> usize;
    /// All that it holds, in little space. `None` if that cannot be done now.
    fn pack<'r>(&self, room: &'r mut Room) -> Option<&'r [u8]>;
    /// What [`FlowState::pack`] made; `None` for anything else.
    fn unpack(packed: &[u8], room: &mut Room) -> Option<Box<Self>>;
}

/// A connection that leaves the table.
#[derive(Debug)]
pub struct Emitted<C: FlowState> {
    /// Its number.
    pub flow_id: u64,
    /// Its state.
    pub state: Box<C>,
    /// Why it leaves; it says nothing of one that is closed.
    pub reason: Option<C::Reason>,
    /// When it became final, on the capture's clock.
    pub now: Timestamp,
}

/// What happens to connections: the other side of the table.
pub trait Keeper<C: FlowState> {
    /// The segment with this index is the current one from now on.
    fn turn_to(&mut self, index: usize);
    /// The latest time that the capture has shown at the current segment: its own where the capture's clock does not step back.
    fn clock(&self, segment: &Segment) -> Timestamp;
    /// The number of the connection that the current segment opens; numbers grow.
    fn number(&mut self) -> u64;
    /// The number of one that opens when the capture is over, on the four-tuple of connection `before`; they are asked for in ascending order.
    fn number_at_end(&mut self, before: u64) -> u64;
    /// Until when a connection of nothing but a SYN that came at `since` is kept. `None`: to the end. Not asked where [`Keeper::defers`] says
    /// no.
    fn patience(&self, since: Timestamp) -> Option<Timestamp>;
    /// Whether a connection may be kept as nothing but this segment until something more comes.
    fn defers(&self, segment: &Segment) -> bool;
    /// Makes the state of a new connection whose first segment this is, in the place where it stays; `since`: time since the last packet of
    /// the previous one on the same four-tuple, if it is remembered.
    fn open(&mut self, segment: &Segment, since: Option<Nanos>) -> Box<C>;
    /// Gives the current segment to its connection, the `flow_id`th.
    fn feed(&mut self, flow_id: u64, state: &mut C, segment: &Segment);
    /// The same if the connection expects just such a segment, and stays open with it; false if not, and then nothing has happened.
    fn feed_expected(&mut self, flow_id: u64, state: &mut C, segment: &Segment) -> bool;
    /// Whether the current segment may be looked at later.
    fn may_wait(&self) -> bool;
    /// The SACK blocks of the current segment.
    fn sacks_of(&self, segment: &Segment) -> &[SackBlock];
    /// Gives a segment that has waited to its connection, with its SACK blocks. `told`: what comes of it was heard before.
    fn feed_late(&mut self, flow_id: u64, state: &mut C, segment: (&Segment, &[SackBlock]), told: bool);
    /// Gives a SYN that was held back to its connection.
    fn feed_held(&mut self, flow_id: u64, state: &mut C, syn: &Segment);
    /// A late segment of a connection that has left.
    fn late(&mut self, ghost: &C::Ghost, segment: &Segment);
    /// Takes a connection that leaves.
    fn emit(&mut self, emitted: Emitted<C>);
}

//! The classes of the ACKs that one endpoint sends (`semantics.md` 5.6), and its probes.

use super::acknowledged::AckMove;
use super::summary::AckSummary;
use super::verdict::{Kind, Verdict};
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Segment, Timestamp};

/// What an ACK was (`semantics.md` 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckClass {
    /// It acknowledges more than before.
    Advance,
    /// It acknowledges less: overtaken, or stale.
    Old,
    /// It carries new SACK information: a duplicate ACK (RFC 6675).
    Selective,
    /// A duplicate ACK (RFC 5681).
    Duplicate,
    /// It reports a duplicate segment (RFC 2883).
    Dsack,
    /// It answers a keep-alive or a window probe; of a keep-alive that was sent once, this is its time.
    ProbeAnswer(Option<Timestamp>),
    /// Only the window is another.
    WindowUpdate,
    /// None of these: nothing is outstanding, or it comes with data.
    Redundant,
}

impl AckClass {
    /// It counts as a duplicate ACK for its peer.
    pub const fn is_duplicate(self) -> bool {
        matches!(self, Self::Selective | Self::Duplicate)
    }
}

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Acks {
    last_window: Option<u16>,
    /// This endpoint has probed, or its peer has.
    probed: bool,
    rare: Option<Box<Rare>>,
}

packed! { Acks { [; last_window, probed] rare } }

/// What is told of loss, and the probes of this endpoint and of its peer: most connections have neither.
#[derive(Clone, Copy, Debug, Default)]
struct Rare {
    dup_acks: u32,
    sack_acks: u32,
    dsacks: u32,
    keepalives: u32,
    zero_window_probes: u32,
    /// The shortest silence before a keep-alive.
    interval: Maybe<Nanos>,
    /// The peer has probed; the time if it did so once, with a keep-alive.
    by_peer: Option<Option<Timestamp>>,
}

packed! { Rare { [dup_acks, sack_acks, dsacks, keepalives, zero_window_probes, interval] by_peer } }

impl Acks {
    /// A segment of this endpoint with the ACK flag; `mine`: what it was as data.
    pub fn on_ack(&mut self, segment: &Segment, mine: &Verdict, moved: &AckMove) -> AckClass {
        let probed = self.rare.as_mut().and_then(|rare| rare.by_peer.take());
        // The window of a SYN is not scaled (RFC 7323 2.2): it is not to be compared with.
        let last_window = if segment.flags.syn() { None } else { self.last_window.replace(segment.window) };
        let same_window = last_window == Some(segment.window);
        // RFC 5681 2: outstanding data, no data of its own, the same ACK and the same window.
        let bare = segment.is_pure_ack() && mine.kind == Kind::Empty;
        let class = match moved {
            AckMove { advanced: true, .. } => AckClass::Advance,
            AckMove { old: true, .. } | AckMove { absurd: true, .. } => AckClass::Old,
            AckMove { sacked: true, .. } => AckClass::Selective,
            AckMove { dsack: true, .. } => AckClass::Dsack,
            _ if !bare => AckClass::Redundant,
            _ if last_window.is_none() => AckClass::Redundant, // the first of all: it acknowledges the SYN
            _ if !same_window => AckClass::WindowUpdate,
            _ if let Some(at) = probed => AckClass::ProbeAnswer(at),
            AckMove { outstanding: true, .. } => AckClass::Duplicate,
            _ => AckClass::Redundant,
        };
        if moved.dsack || moved.sacked || class.is_duplicate() {
            self.count(moved, class);
        }
        class
    }

    #[cold]
    fn count(&mut self, moved: &AckMove, class: AckClass) {
        let rare = self.rare.get_or_insert_default();
        rare.dsacks += u32::from(moved.dsack);
        rare.sack_acks += u32::from(moved.sacked);
        rare.dup_acks += u32::from(class.is_duplicate());
    }

    /// A bare ACK of this endpoint that acknowledges more than before, and has no SACK blocks; nobody has probed.
    #[inline(always)]
    pub fn on_advance(&mut self, window: u16) {
        self.last_window = Some(window);
    }

    /// This is the window of its last ACK.
    #[inline(always)]
    pub fn repeats(&self, window: u16) -> bool {
        self.last_window == Some(window)
    }

    /// It has sent ACKs, and nobody has probed.
    #[inline]
    pub fn goes_on(&self) -> bool {
        self.last_window.is_some() && !self.probed
    }

    /// This endpoint has probed, or its peer has.
    #[inline]
    pub const fn probed(&self) -> bool {
        self.probed
    }

    /// A segment of this endpoint was a probe.
    /// `silence`: since the connection's last packet.
    pub fn on_probe(&mut self, kind: Kind, silence: Nanos) {
        self.probed = true;
        let rare = self.rare.get_or_insert_default();
        match kind {
            Kind::Keepalive => {
                rare.keepalives += 1;
                rare.interval = Maybe::some(rare.interval.get().map_or(silence, |least| least.min(silence)));
            }
            Kind::ZeroWindowProbe => rare.zero_window_probes += 1,
            _ => {}
        }
    }

    /// The peer probed this endpoint: its next ACK answers that.
    pub fn on_peer_probe(&mut self, t: Timestamp) {
        self.probed = true;
        let by_peer = &mut self.rare.get_or_insert_default().by_peer;
        *by_peer = Some(if by_peer.is_none() { Some(t) } else { None });
    }

    /// What is reported. `options_cut`: SACK blocks may have been.
    pub fn summary(&self, options_cut: bool) -> AckSummary {
        let rare = self.rare.as_deref().copied().unwrap_or_default();
        AckSummary {
            dup_acks: rare.dup_acks.into(),
            sack_acks: (!options_cut).then(|| rare.sack_acks.into()),
            dsacks: (!options_cut).then(|| rare.dsacks.into()),
            keepalives: rare.keepalives.into(),
            zero_window_probes: rare.zero_window_probes.into(),
            unanswered_keepalives: 0,
            keepalive_interval: rare.interval.get(),
        }
    }
}

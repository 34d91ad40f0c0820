//! Why did the sender send these bytes again? A model of its loss recovery, after Linux (`semantics.md` 5.3, "Linux decides more simply").

use crate::base::packed::{Pack, Sink, Source, Word, packed};
use crate::base::{Nanos, Timestamp};

/// What triggered a retransmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The retransmission timer, or the go-back-N recovery that follows it.
    Rto,
    /// Duplicate ACKs, SACK or RACK.
    Fast,
    /// A tail loss probe (RFC 8985 7).
    Tlp,
    /// It cannot be told.
    Unclear,
}

/// Nine tenths of the smallest timer of Linux (200 ms above SRTT, RFC 6298 with Linux's floor): where sender and receiver were silent
/// for so long, a timer sent what comes next.
const TIMER_SILENCE: Nanos = Nanos::from_millis(180);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Fast recovery until `hi` is acknowledged.
    Recovery { hi: u64 },
    /// After a timeout until `hi` is acknowledged. `trial`: F-RTO (RFC 5682) may still find it spurious; `fresh`: new data went out since;
    /// `advanced`: an ACK has advanced since.
    Loss { hi: u64, trial: bool, fresh: bool, advanced: bool },
}

impl Pack for Phase {
    fn pack(&self, sink: &mut Sink<'_>) {
        let (hi, loss, kinds) = match *self {
            Self::Open => (0, false, [false; 3]),
            Self::Recovery { hi } => (hi, false, [false; 3]),
            Self::Loss { hi, trial, fresh, advanced } => (hi, true, [trial, fresh, advanced]),
        };
        sink.mark(matches!(self, Self::Open));
        sink.group([hi, (loss, kinds).word(sink.origin())]);
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        let open = source.mark();
        let mut group = source.group::<2>();
        let (hi, (loss, [trial, fresh, advanced])) = (group.word(), Word::of(group.word(), source.origin()));
        match (open, loss) {
            (true, _) => Self::Open,
            (false, false) => Self::Recovery { hi },
            (false, true) => Self::Loss { hi, trial, fresh, advanced },
        }
    }
}

/// A retransmission about which the question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Resend {
    /// First position.
    pub lo: u64,
    /// Position behind the last.
    pub hi: u64,
    /// When it passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Highest position sent before it.
    pub snd_max: u64,
    /// Something sent after the last copy of these bytes is known to have been delivered.
    pub evidence: bool,
    /// Time since the sender last sent or heard anything.
    pub silence: Nanos,
    /// SACK was negotiated or seen.
    pub sack: bool,
    /// The peer's packets are in the capture.
    pub heard_peer: bool,
    /// These bytes were sent again before.
    pub repeated: bool,
    /// Duplicate ACKs that the sender knows of.
    pub dup_acks: u32,
    /// For how long it has known of three of them.
    pub dup_acks_for: Nanos,
    /// Something above the acknowledged bytes is known to have been delivered.
    pub sacked: bool,
    /// It lies below what the sender was thought to know as acknowledged: no sender does that, so it had not heard of it.
    pub unheard: bool,
    /// The peer has told of a hole there; without that nothing but a timer sends it again.
    pub exposed: bool,
}

/// What an ACK that reached the sender did.
#[derive(Clone, Copy, Debug, Default)]
pub struct AckEffect {
    /// When it reached the sender, on the clock of the capture point.
    pub t: Timestamp,
    /// It acknowledged new bytes.
    pub advanced: bool,
    /// Everything below is acknowledged now.
    pub una: u64,
    /// Highest position sent.
    pub snd_max: u64,
    /// It acknowledged or SACKed bytes that were sent once; the highest position of them.
    pub original: Option<u64>,
    /// It brought new SACK information or was a duplicate.
    pub duplicate: bool,
    /// SACK was negotiated or seen.
    pub sack: bool,
    /// It echoes a timestamp older than the first retransmission of this recovery (Eifel, RFC 3522).
    pub eifel: bool,
}

/// A recovery from loss: from the first resend until all that was sent before it is acknowledged (`semantics.md` 6, "Loss episode").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// When it began.
    pub since: Timestamp,
    /// It ends when this is acknowledged.
    hi: u64,
    /// What was sent again first: its position, and its frame.
    pub first: (u64, u64),
    /// The last resend: when it passed, and its frame.
    pub last: (Timestamp, u64),
    /// Bytes that were sent again.
    pub bytes: u64,
    /// A timer had to run out.
    pub timer: bool,
}

packed! { Episode { [since, hi, bytes; timer] first, last } }

impl Episode {
    /// It begins with this resend.
    const fn of(r: &Resend) -> Self {
        Self { since: r.t, hi: r.snd_max, first: (r.lo, r.frame), last: (r.t, r.frame), bytes: 0, timer: false }
    }

    /// How it was repaired, in a word.
    pub const fn repair(&self) -> &'static str {
        if self.timer { "rto" } else { "fast" }
    }
}

/// The model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recovery {
    phase: Phase,
    probe_end: Option<u64>,
    /// The phase and the probe that the last ACKs ended, in case the sender turns out not to have had them.
    ended: (Phase, Option<u64>),
    advanced_since_resend: bool,
    /// `TSval` of the first retransmission of this phase.
    first_resend: Option<u32>,
    episode: Option<Episode>,
    episodes: u64,
    time: Nanos,
}

packed! { Recovery { [first_resend, episodes, time; advanced_since_resend] phase, probe_end, ended, episode } }

impl Recovery {
    /// This retransmission, if a timer's, belongs to the recovery after one (go-back-N).
    pub fn goes_back(&self, r: &Resend) -> bool {
        matches!(self.phase, Phase::Loss { hi, .. } if r.lo < hi) && r.silence < TIMER_SILENCE
    }

    /// What triggered this retransmission; enters the phase that it opens. `tsval`: its own timestamp.
    pub fn on_resend(&mut self, r: &Resend, tsval: Option<u32>) -> Trigger {
        if r.unheard {
            self.take_back(r.lo);
        }
        if let Phase::Loss { trial, fresh, advanced, .. } = &mut self.phase
            && *advanced
            && !*fresh
        {
            *trial = false; // it had no new data to try with: RFC 5682 2.1 step 2
        }
        let trigger = self.decide(r);
        match trigger {
            Trigger::Rto => self.enter_loss(r, tsval),
            Trigger::Fast if self.phase == Phase::Open => {
                self.phase = Phase::Recovery { hi: r.snd_max };
                self.first_resend = tsval;
            }
            Trigger::Tlp => self.probe_end = Some(r.hi),
            Trigger::Fast | Trigger::Unclear => {}
        }
        if matches!(trigger, Trigger::Rto | Trigger::Fast) {
            self.advanced_since_resend = false;
            let episode = self.episode.get_or_insert_with(|| Episode::of(r));
            if trigger == Trigger::Rto && (r.lo >= episode.hi || r.silence >= TIMER_SILENCE) {
                episode.hi = r.snd_max;
            }
            episode.timer |= trigger == Trigger::Rto;
        }
        if let Some(episode) = &mut self.episode {
            episode.last = (r.t, r.frame);
            episode.bytes += r.hi.saturating_sub(r.lo);
        }
        trigger
    }

    /// The sender had not heard of the ACKs that were thought to have ended its recovery or its probe.
    fn take_back(&mut self, lo: u64) {
        let (phase, probe) = self.ended;
        if self.phase == Phase::Open && matches!(phase, Phase::Loss { hi, .. } | Phase::Recovery { hi } if lo < hi) {
            self.phase = phase;
        }
        if self.probe_end.is_none() && probe.is_some_and(|end| lo < end) {
            self.probe_end = probe;
        }
    }

    fn decide(&self, r: &Resend) -> Trigger {
        let timer = r.silence >= TIMER_SILENCE;
        if let Phase::Loss { hi, .. } = self.phase
            && r.lo < hi
        {
            return Trigger::Rto;
        }
        if !timer && r.sack && r.evidence && (r.exposed || !r.unheard) {
            return Trigger::Fast;
        }
        if !timer && !r.sack {
            let partial = matches!(self.phase, Phase::Recovery { hi } if r.lo < hi) && self.advanced_since_resend;
            // RFC 5681 3.2 sends the first lost segment once; RFC 6582 the next one for each partial ACK.
            if r.exposed && (r.dup_acks >= 3 && !r.repeated && r.dup_acks_for < TIMER_SILENCE || partial) {
                return Trigger::Fast;
            }
        }
        let quiet = self.phase == Phase::Open && (!r.sacked || r.unheard) && r.sack;
        if quiet && r.heard_peer && r.hi == r.snd_max && self.probe_end.is_none() {
            return Trigger::Tlp;
        }
        if timer {
            return Trigger::Rto;
        }
        match self.phase {
            // Without SACK nothing tells that the last copy was lost, or that the fast one was, which never came by.
            Phase::Recovery { .. } if !r.sack && r.heard_peer && (r.repeated || r.dup_acks_for >= TIMER_SILENCE) => {
                Trigger::Rto
            }
            Phase::Recovery { hi } if r.lo < hi && (r.exposed || !r.unheard) => Trigger::Fast,
            _ if r.unheard && !r.exposed => Trigger::Rto,
            _ if r.sack && r.dup_acks >= 3 && !r.repeated => Trigger::Fast, // SACK was taken for granted, and is not in use
            _ if !r.heard_peer => Trigger::Unclear,
            _ if !r.sack || self.probe_end.is_some() => Trigger::Rto,
            _ => Trigger::Unclear,
        }
    }

    /// The data of a Fast Open SYN goes out again, as Linux does it: in Loss, but by no timer.
    pub fn on_fast_open_fallback(&mut self, snd_max: u64) {
        self.phase = Phase::Loss { hi: snd_max, trial: false, fresh: false, advanced: false };
    }

    fn enter_loss(&mut self, r: &Resend, tsval: Option<u32>) {
        match self.phase {
            Phase::Loss { hi, .. } if r.lo < hi && r.silence < TIMER_SILENCE => {} // go-back-N goes on
            Phase::Loss { .. } => {
                self.phase = Phase::Loss { hi: r.snd_max, trial: true, fresh: false, advanced: false };
            }
            Phase::Open | Phase::Recovery { .. } => {
                let trial = self.phase == Phase::Open;
                self.phase = Phase::Loss { hi: r.snd_max, trial, fresh: false, advanced: false };
                self.first_resend = tsval;
            }
        }
        self.probe_end = None;
    }

    /// The sender sent new data.
    pub fn on_new_data(&mut self) {
        if let Phase::Loss { fresh, .. } = &mut self.phase {
            *fresh = true;
        }
    }

    /// It is one after a timeout, and no new data went out since.
    pub const fn awaits_data(&self) -> bool {
        matches!(self.phase, Phase::Loss { fresh: false, .. })
    }

    /// There is nothing to recover from.
    pub fn idle(&self) -> bool {
        self.phase == Phase::Open && self.first_resend.is_none() && self.probe_end.is_none() && self.episode.is_none()
    }

    /// An ACK that advances reached the sender.
    pub const fn on_advance(&mut self) {
        self.advanced_since_resend = true;
    }

    /// An ACK reached the sender. `resent_above`: is there a retransmission above this position that is not known to be delivered?
    /// Gives the episode that it ended, and how long that was.
    pub fn on_ack(&mut self, ack: &AckEffect, resent_above: impl FnOnce(u64) -> bool) -> Option<(Episode, Nanos)> {
        let before = self.phase;
        if self.probe_end.is_some_and(|end| ack.una >= end) {
            self.ended.1 = self.probe_end.take();
        }
        let done = |hi: u64| ack.una > hi || ack.una == hi && ack.sack;
        match &mut self.phase {
            Phase::Open => {}
            Phase::Recovery { hi } => {
                if done(*hi) || ack.eifel && ack.advanced {
                    self.phase = Phase::Open;
                }
            }
            Phase::Loss { hi, trial, fresh, advanced } => {
                let spurious = *trial && ack.original.is_some_and(|top| top <= *hi) || ack.eifel && ack.advanced;
                if ack.una >= *hi && (ack.sack || ack.una > *hi || ack.una == ack.snd_max) || spurious {
                    self.phase = Phase::Open;
                } else if *trial && *fresh && ack.duplicate {
                    *trial = false;
                } else if *trial && ack.advanced {
                    if !*fresh {
                        *hi = ack.snd_max;
                    }
                    *advanced = true;
                }
            }
        }
        if self.phase == Phase::Open {
            self.first_resend = None;
            if before != Phase::Open {
                self.ended.0 = before;
            }
        }
        self.end_episode(ack, done, resent_above)
    }

    fn end_episode(
        &mut self,
        ack: &AckEffect,
        done: impl Fn(u64) -> bool,
        resent_above: impl FnOnce(u64) -> bool,
    ) -> Option<(Episode, Nanos)> {
        let ended = self.episode.filter(|episode| done(episode.hi))?;
        let length = ack.t.since(ended.since).max(Nanos::ZERO);
        self.episodes += 1;
        self.time += length;
        // A retransmission above it is the beginning of the next one.
        self.episode = resent_above(ended.hi).then_some(Episode {
            since: ack.t,
            hi: ack.snd_max,
            first: (ended.hi, ended.last.1),
            bytes: 0,
            ..ended
        });
        Some((ended, length))
    }

    /// The episode that is still open, and how long it has been so at `end`.
    pub fn open_episode(&self, end: Timestamp) -> Option<(Episode, Nanos)> {
        self.episode.map(|episode| (episode, end.since(episode.since).max(Nanos::ZERO)))
    }

    /// `TSval` of the first retransmission of the recovery that is under way.
    pub const fn first_resend(&self) -> Option<u32> {
        self.first_resend
    }

    /// It is in recovery, or in Loss.
    pub fn active(&self) -> bool {
        self.phase != Phase::Open
    }

    /// Episodes and the time spent in them, the one that is still open counted up to `end`.
    pub fn episodes(&self, end: Timestamp) -> (u64, Nanos) {
        match self.open_episode(end) {
            Some((_, length)) => (self.episodes + 1, self.time + length),
            None => (self.episodes, self.time),
        }
    }
}

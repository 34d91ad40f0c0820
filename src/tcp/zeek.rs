//! Zeek's view of a connection: `conn_state` and `history` as its conn.log has them (`semantics.md` 8.4).

use super::history::{History, HistoryText, Letters};
use super::teardown::{CLIENT, SERVER};
use crate::base::packed::{packed, packed_names};
use crate::base::{Segment, SegmentBits, Seq, TcpFlags};

/// The flags that a state may change with, and ACK.
const ANY_OF_STATE: u16 = TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::ACK.0;

/// Zeek's state of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Endpoint {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    Partial,
    Established,
    Closed,
    Reset,
}

packed_names! { Endpoint { Inactive, SynSent, SynAckSent, Partial, Established, Closed, Reset } }

/// The record.
#[derive(Clone, Debug, Default)]
pub struct Zeek {
    states: [Endpoint; 2],
    before: [Endpoint; 2],
    letters: [Letters; 2],
    history: History,
    /// Of the letters that are counted.
    counts: Option<Box<[[u32; 4]; 2]>>,
}

packed! { Zeek { [; states, before] letters, history, counts } }

/// Which of the letters that come on the 1st, 10th, 100th … occurrence.
#[derive(Clone, Copy, Debug)]
pub enum Counted {
    /// `C`: a wrong checksum.
    Checksum,
    /// `G`: a gap that was acknowledged.
    Gap,
    /// `T`: payload at or below the highest sequence number.
    Repeated,
    /// `W`: a zero window.
    ZeroWindow,
}

impl Zeek {
    /// The originator is not who sent the first packet: nothing was written before.
    pub fn flip(&mut self) {
        self.history.note(b'^');
    }

    #[inline(never)]
    fn letter(&mut self, from: usize, letter: u8) {
        self.history.note(if from == CLIENT { letter } else { letter.to_ascii_lowercase() });
    }

    #[inline]
    fn once(&mut self, from: usize, bit: u8, letter: u8) {
        if self.letters[from].once(bit) {
            self.letter(from, letter);
        }
    }

    /// Something that is written on its 1st, 10th, 100th … occurrence.
    pub fn count(&mut self, from: usize, what: Counted) {
        let n = &mut self.counts.get_or_insert_default()[from][what as usize];
        *n = n.saturating_add(1);
        if 10u32.pow(n.ilog10()) == *n {
            self.letter(from, [b'C', b'G', b'T', b'W'][what as usize]);
        }
    }

    /// The next packet of `from`.
    #[inline(always)]
    pub fn on_segment(&mut self, segment: &Segment, from: usize) {
        if !self.goes_on(segment, from) {
            self.take(segment, from);
        }
    }

    /// The next packet of `from`, one with data and no flags but ACK and PSH, a window that is open, and no fault.
    #[inline(always)]
    pub fn on_expected(&mut self, segment: &Segment, from: usize) {
        let letters = &mut self.letters[from];
        let end = segment.seq.plus(segment.payload_len);
        let goes_on = letters.has(Letters::LAST_SEQ)
            && end.distance(Seq(letters.last_seq)) > 0
            && !matches!(self.states[from], Endpoint::Inactive | Endpoint::Reset);
        if goes_on {
            letters.last_seq = end.0;
            self.once(from, Letters::DATA, b'D');
        } else {
            self.take(segment, from);
        }
    }

    /// It changes no state and adds no letter but `D` or `A`, as nearly all packets of an open connection.
    #[inline(always)]
    fn goes_on(&mut self, segment: &Segment, from: usize) -> bool {
        let letters = &mut self.letters[from];
        let end = segment.seq.plus(segment.payload_len);
        let ahead = end.distance(Seq(letters.last_seq));
        let data = segment.payload_len > 0;
        let usual = segment.flags.0 & ANY_OF_STATE == TcpFlags::ACK.0
            && !segment.bits.has(SegmentBits::BAD_CHECKSUM)
            && segment.window > 0
            && letters.has(Letters::LAST_SEQ)
            && (ahead > 0 || !data)
            && !matches!(self.states[from], Endpoint::Inactive | Endpoint::Reset);
        if usual {
            if ahead > 0 {
                letters.last_seq = end.0;
            }
            let (bit, letter) = if data { (Letters::DATA, b'D') } else { (Letters::ACK, b'A') };
            self.once(from, bit, letter);
        }
        usual
    }

    #[inline(never)]
    fn take(&mut self, segment: &Segment, from: usize) {
        if segment.bits.has(SegmentBits::BAD_CHECKSUM) {
            self.count(from, Counted::Checksum);
            return;
        }
        self.write_history(segment, from);
        let flags = segment.flags;
        let peer = 1 - from;
        if segment.window == 0
            && !flags.rst()
            && self.states[peer] != Endpoint::Closed
            && self.states[from] != Endpoint::Reset
            && !segment.bits.has(SegmentBits::HEADER_TRUNCATED)
        {
            self.count(from, Counted::ZeroWindow);
        }
        if self.is_repeated(segment, from) {
            self.count(from, Counted::Repeated);
        }
        self.step(segment, from);
    }

    /// It carries payload, and nothing above the highest sequence number; probes and late originals are not told apart.
    fn is_repeated(&mut self, segment: &Segment, from: usize) -> bool {
        /// A SYN or RST this far away says nothing of the stream.
        const TOO_FAR: u32 = 1 << 20;
        let flags = segment.flags;
        let payload = if flags.rst() { 0 } else { segment.payload_len };
        let end = segment.seq.plus(payload + u32::from(flags.syn()) + u32::from(flags.fin()));
        let letters = &mut self.letters[from];
        if letters.once(Letters::LAST_SEQ) {
            letters.last_seq = end.0;
            return false;
        }
        let ahead = end.distance(Seq(letters.last_seq));
        let outlandish = (flags.syn() || flags.rst()) && ahead.unsigned_abs() > TOO_FAR;
        if outlandish || self.states[from] == Endpoint::Reset {
            return false;
        }
        if ahead > 0 {
            letters.last_seq = end.0;
        }
        ahead <= 0 && segment.payload_len > 0
    }

    /// The peer of `from` acknowledged bytes of it that never came by. Zeek tells of that only where both sides are open or closed in order.
    pub fn on_gap(&mut self, from: usize) {
        let clean = |end: usize| match self.states[end] {
            Endpoint::Established => true,
            Endpoint::Closed => self.before[end] == Endpoint::Established,
            _ => false,
        };
        if clean(CLIENT) && clean(SERVER) {
            self.count(from, Counted::Gap);
        }
    }

    fn write_history(&mut self, segment: &Segment, from: usize) {
        let flags = segment.flags;
        match (flags.syn(), flags.fin(), flags.rst()) {
            (_, true, true) => self.once(from, Letters::FIN_RST, b'I'),
            (true, true, _) | (true, _, true) => self.once(from, Letters::SYN_ELSE, b'Q'),
            (true, ..) => self.if_anew(from, 0, segment.seq, if flags.ack() { b'H' } else { b'S' }),
            (_, true, _) => self.if_anew(from, 1, segment.seq.plus(segment.payload_len), b'F'),
            (_, _, true) if self.letters[from].anew(2, segment.seq) => self.letter(from, b'R'),
            _ if segment.payload_len > 0 => self.once(from, Letters::DATA, b'D'),
            _ if flags.ack() => self.once(from, Letters::ACK, b'A'),
            _ => {}
        }
    }

    /// A letter that is repeated for a new sequence number only.
    fn if_anew(&mut self, from: usize, which: usize, seq: Seq, letter: u8) {
        if self.letters[from].anew(which, seq) {
            self.letter(from, letter);
        }
    }

    fn set(&mut self, end: usize, state: Endpoint) {
        self.before[end] = self.states[end];
        self.states[end] = state;
    }

    fn step(&mut self, segment: &Segment, from: usize) {
        match self.states[from] {
            Endpoint::Inactive => self.step_inactive(segment, from),
            Endpoint::SynSent | Endpoint::SynAckSent => self.step_opening(segment, from),
            Endpoint::Established | Endpoint::Partial => self.step_open(segment, from),
            Endpoint::Closed => {
                if segment.flags.rst() && self.states[1 - from] != Endpoint::Closed {
                    self.set(from, Endpoint::Reset);
                }
            }
            Endpoint::Reset => {}
        }
    }

    fn step_inactive(&mut self, segment: &Segment, from: usize) {
        let (flags, peer) = (segment.flags, 1 - from);
        if flags.syn() {
            if from == CLIENT {
                self.set(from, if flags.ack() { Endpoint::SynAckSent } else { Endpoint::SynSent });
            } else {
                if self.states[peer] == Endpoint::SynSent {
                    self.set(peer, Endpoint::Established);
                }
                self.set(from, Endpoint::Established);
            }
        }
        if flags.fin() {
            self.set(from, Endpoint::Closed);
        }
        if flags.rst() {
            self.set(from, Endpoint::Reset);
        }
        if self.states[from] != Endpoint::Inactive {
            return;
        }
        if from == SERVER && segment.payload_len == 0 && self.states[CLIENT] == Endpoint::SynSent {
            return; // an ACK before the SYN-ACK: some stacks do that
        }
        let handshake_missed = flags.ack() && self.states[peer] == Endpoint::Established;
        self.set(from, if handshake_missed { Endpoint::Established } else { Endpoint::Partial });
    }

    fn step_opening(&mut self, segment: &Segment, from: usize) {
        if segment.flags.fin() {
            self.set(from, Endpoint::Closed);
        }
        if segment.flags.rst() {
            self.set(from, Endpoint::Reset);
        }
    }

    fn step_open(&mut self, segment: &Segment, from: usize) {
        let (flags, peer) = (segment.flags, 1 - from);
        if flags.is_syn_only() && self.states[from] == Endpoint::Partial && self.states[peer] == Endpoint::Inactive {
            self.set(from, Endpoint::SynSent);
        }
        if flags.fin() && !flags.rst() {
            self.set(from, Endpoint::Closed);
            if self.states[peer] == Endpoint::Reset && self.before[peer] == Endpoint::Closed {
                self.set(peer, Endpoint::Closed); // FIN, then RST, answered by a FIN: a normal end
            }
        }
        if flags.rst() {
            self.set(from, Endpoint::Reset);
        }
    }

    /// `conn_state`. `empty`: neither side's stream has a byte.
    pub fn conn_state(&self, empty: bool) -> &'static str {
        use Endpoint as E;
        let [o, r] = self.states;
        let silent = |e: Endpoint| matches!(e, E::Inactive | E::Partial);
        match (o, r) {
            (E::SynSent | E::SynAckSent, E::Reset) => "REJ",
            (E::Reset, E::Reset) if empty => "REJ",
            (o, E::Reset) => {
                if silent(o) {
                    "RSTRH"
                } else {
                    "RSTR"
                }
            }
            (E::Reset, r) if silent(r) && self.syn_then_reset() => "RSTOS0",
            (E::Reset, _) => "RSTO",
            (E::Closed, E::Closed) => "SF",
            (E::Closed, r) => {
                if silent(r) {
                    "SH"
                } else {
                    "S2"
                }
            }
            (o, E::Closed) => {
                if silent(o) {
                    "SHR"
                } else {
                    "S3"
                }
            }
            (E::SynSent, E::Inactive) => "S0",
            (E::Established, E::Established) => "S1",
            _ => "OTH",
        }
    }

    /// The history is `S`, then nothing of H A F G I Q, then `R`.
    fn syn_then_reset(&self) -> bool {
        let mut letters = self.history.letters().skip_while(|&letter| letter == b'^');
        letters.next() == Some(b'S') && letters.take_while(|l| !b"HAFGIQ".contains(l)).any(|l| l == b'R')
    }

    /// `history`.
    pub fn history(&self) -> HistoryText {
        self.history.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(packets: &[(usize, TcpFlags, u32, u32)]) -> (String, &'static str) {
        let mut zeek = Zeek::default();
        for &(from, flags, seq, payload_len) in packets {
            let segment = Segment { flags, seq: Seq(seq), payload_len, window: 100, ..Segment::default() };
            zeek.on_segment(&segment, from);
        }
        (zeek.history().as_str().to_owned(), zeek.conn_state(false))
    }

    const S: TcpFlags = TcpFlags::SYN;
    const A: TcpFlags = TcpFlags::ACK;
    const SA: TcpFlags = TcpFlags::SYN.with(TcpFlags::ACK);
    const FA: TcpFlags = TcpFlags::FIN.with(TcpFlags::ACK);
    const RA: TcpFlags = TcpFlags::RST.with(TcpFlags::ACK);

    #[test]
    fn the_states_of_the_conn_log() {
        let open = [(0, S, 0, 0), (1, SA, 0, 0), (0, A, 1, 0)];
        let with = |more: &[(usize, TcpFlags, u32, u32)]| play(&[&open[..], more].concat());
        assert_eq!(play(&[(0, S, 0, 0), (0, S, 0, 0)]), ("S".into(), "S0"));
        assert_eq!(play(&[(0, S, 0, 0), (1, RA, 0, 0)]), ("Sr".into(), "REJ"));
        assert_eq!(with(&[(0, A, 1, 9), (1, A, 1, 0)]), ("ShADa".into(), "S1"));
        assert_eq!(with(&[(0, FA, 1, 0), (1, FA, 1, 0), (0, A, 2, 0)]), ("ShAFf".into(), "SF"));
        assert_eq!(with(&[(0, FA, 1, 0)]), ("ShAF".into(), "S2"));
        assert_eq!(with(&[(1, FA, 1, 0)]), ("ShAf".into(), "S3"));
        assert_eq!(with(&[(0, RA, 1, 0)]), ("ShAR".into(), "RSTO"));
        assert_eq!(with(&[(1, RA, 1, 0)]), ("ShAr".into(), "RSTR"));
        assert_eq!(play(&[(0, S, 0, 0), (0, RA, 1, 0)]), ("SR".into(), "RSTOS0"));
        assert_eq!(play(&[(1, SA, 0, 0), (1, RA, 1, 0)]), ("hr".into(), "RSTRH"));
        assert_eq!(play(&[(0, S, 0, 0), (0, FA, 1, 0)]), ("SF".into(), "SH"));
        assert_eq!(play(&[(1, SA, 0, 0), (1, FA, 1, 0)]), ("hf".into(), "SHR"));
        assert_eq!(play(&[(0, A, 1, 9), (1, A, 1, 9)]), ("Dd".into(), "OTH"));
    }

    #[test]
    fn letters_of_every_kind() {
        const I: TcpFlags = TcpFlags::FIN.with(TcpFlags::RST);
        const Q: TcpFlags = TcpFlags::SYN.with(TcpFlags::FIN);
        assert_eq!(play(&[(0, I, 1, 0), (1, Q, 1, 0)]).0, "Iq");
        // Again the same bytes; FIN with payload is F alone; a FIN or RST elsewhere is another one.
        assert_eq!(play(&[(0, A, 1, 9), (0, A, 1, 9), (0, FA, 10, 5), (0, FA, 20, 0)]).0, "DTFF");
        assert_eq!(play(&[(0, S, 0, 0), (1, RA, 0, 0), (1, RA, 7, 0)]).0, "Srr");
        let mut zeek = Zeek::default();
        let zero = Segment { flags: A, seq: Seq(1), window: 0, ..Segment::default() };
        zeek.on_segment(&zero, 1);
        let wrong = Segment { bits: SegmentBits::BAD_CHECKSUM, ..zero };
        zeek.on_segment(&wrong, 0);
        assert_eq!(zeek.history().as_str(), "awC");
    }

    #[test]
    fn a_gap_counts_only_between_open_ends() {
        let mut zeek = Zeek::default();
        zeek.on_gap(0);
        for (from, flags, seq) in [(0, S, 0), (1, SA, 0), (0, A, 1)] {
            zeek.on_segment(&Segment { flags, seq: Seq(seq), window: 100, ..Segment::default() }, from);
        }
        zeek.on_gap(0);
        assert_eq!(zeek.history().as_str(), "ShAG");
    }

    #[test]
    fn flipped_roles_show() {
        let mut zeek = Zeek::default();
        zeek.flip();
        zeek.on_segment(&Segment { flags: SA, window: 100, ..Segment::default() }, 1);
        assert_eq!(zeek.history().as_str(), "^h");
    }

    #[test]
    fn counted_letters_come_on_powers_of_ten() {
        let mut zeek = Zeek::default();
        for _ in 0..100 {
            zeek.count(SERVER, Counted::Repeated);
        }
        assert_eq!(zeek.history().as_str(), "ttt");
    }
}

//! A trace as a script: packets with their times at the capture point, and what the analysis says of them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use tcplens::base::{
    Endpoint, FlowKey, IcmpError, IcmpKind, Nanos, SackBlock, Segment, SegmentBatch, SegmentBits, Seq, Side, TcpFlags,
    Timestamp,
};
use tcplens::pipeline::{Row, Worker};
use tcplens::tcp::{AckSummary, ConnectionSummary, Event, EventKind, HalfSummary, LossSummary, WindowSummary};

/// The client.
pub const C: usize = 0;
/// The server.
pub const S: usize = 1;

const ACK: TcpFlags = TcpFlags::ACK;
const PSH_ACK: TcpFlags = TcpFlags::PSH.with(TcpFlags::ACK);
const FIN_ACK: TcpFlags = TcpFlags::FIN.with(TcpFlags::ACK);
/// Begin of all captures.
const EPOCH: i64 = 1_700_000_000_000_000_000;
/// The window that everybody offers.
const WINDOW: u32 = 64_000;
/// What the timestamp clocks of C and S show at the begin of the capture.
const CLOCKS: [i64; 2] = [1_000_000, 7_000_000];

/// A span of milliseconds.
pub fn ms(ms: f64) -> Nanos {
    Nanos((ms * 1e6).round() as i64)
}

/// How the IP ID of a packet comes about.
#[derive(Clone, Copy)]
enum Id {
    /// The next of its sender's counter.
    Next,
    /// This one; a counter goes on behind it.
    Fixed(u16),
    /// That of the packet before, of which it is a copy.
    Copied,
}

/// One packet of a script.
#[derive(Clone)]
pub struct Packet {
    t: Nanos,
    from: usize,
    flags: TcpFlags,
    isn: [u32; 2],
    seq: u32,
    len: u32,
    ack: u32,
    raw_window: Option<u16>,
    window: u32,
    sacks: Vec<Range<u32>>,
    id: Id,
    ttl: u8,
    tsval: Option<u32>,
    tsecr: Option<u32>,
    lost: bool,
    bits: SegmentBits,
    timestamps: bool,
    scale: Option<u8>,
    sack_permitted: bool,
    encapsulation: u16,
}

impl Packet {
    /// It never reaches its destination.
    pub fn lost(&mut self) -> &mut Self {
        self.lost = true;
        self
    }

    /// With these SACK blocks.
    pub fn sack(&mut self, blocks: &[(u32, u32)]) -> &mut Self {
        self.sacks = blocks.iter().map(|&(left, right)| left..right).collect();
        self
    }

    /// With this window, in bytes.
    pub fn window(&mut self, bytes: u32) -> &mut Self {
        self.window = bytes;
        self
    }

    /// With this in the window field.
    pub fn raw_window(&mut self, window: u16) -> &mut Self {
        self.raw_window = Some(window);
        self
    }

    /// With this acknowledgement number.
    pub fn acks(&mut self, ack: u32) -> &mut Self {
        self.ack = ack;
        self
    }

    /// With this IP ID; the counter goes on behind it.
    pub fn id(&mut self, id: u16) -> &mut Self {
        self.id = Id::Fixed(id);
        self
    }

    /// With this time to live.
    pub fn ttl(&mut self, ttl: u8) -> &mut Self {
        self.ttl = ttl;
        self
    }

    /// In these layers, as the decoder numbers them.
    pub fn encapsulation(&mut self, number: u16) -> &mut Self {
        self.encapsulation = number;
        self
    }

    /// With this timestamp.
    pub fn tsval(&mut self, tsval: u32) -> &mut Self {
        self.tsval = Some(tsval);
        self
    }

    /// With this echo.
    pub fn tsecr(&mut self, tsecr: u32) -> &mut Self {
        self.tsecr = Some(tsecr);
        self
    }

    /// A SYN or SYN-ACK that does not offer to scale windows.
    pub fn unscaled(&mut self) -> &mut Self {
        self.scale = None;
        self
    }

    /// With these facts about it besides.
    pub fn bits(&mut self, bits: SegmentBits) -> &mut Self {
        self.bits.set(bits);
        self
    }

    /// With these bytes as its payload: of a SYN, or of a FIN.
    pub fn payload(&mut self, len: u32) -> &mut Self {
        self.len = len;
        self
    }
}

/// The sequence numbers that a script has reached.
pub struct Numbers {
    isn: [u32; 2],
    next: [u32; 2],
    acked: [u32; 2],
}

/// A trace that is being written.
pub struct Script {
    ends: [Endpoint; 2],
    halves: [Nanos; 2],
    timestamps: bool,
    sack: bool,
    cut_options: bool,
    isn: [u32; 2],
    /// The next sequence number of each, and what each has acknowledged.
    next: [u32; 2],
    acked: [u32; 2],
    packets: Vec<Packet>,
    errors: Vec<(usize, Nanos, IcmpKind, usize, u32)>,
}

impl Script {
    /// The default set-up, and no packet yet.
    pub fn new() -> Self {
        Self {
            ends: [Endpoint::v4([10, 0, 0, 1], 40000), Endpoint::v4([10, 0, 0, 2], 80)],
            halves: [ms(10.0), ms(30.0)],
            timestamps: true,
            sack: true,
            cut_options: false,
            isn: [1_000_000, 3_000_000_000],
            next: [0, 0],
            acked: [0, 0],
            packets: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The default set-up with the handshake at 0, 30 and 40 ms.
    pub fn setup() -> Self {
        Self::new().opened()
    }

    /// Both without timestamps.
    pub fn without_timestamps(mut self) -> Self {
        self.timestamps = false;
        self
    }

    /// Both without SACK.
    pub fn without_sack(mut self) -> Self {
        self.sack = false;
        self
    }

    /// All options are cut off.
    pub fn with_options_cut(mut self) -> Self {
        self.cut_options = true;
        self
    }

    /// Between IPv6 hosts, whose packets have no ID.
    pub fn over_ipv6(mut self) -> Self {
        let addr = |last| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
        self.ends = [Endpoint::v6(addr(1), 40000), Endpoint::v6(addr(2), 80)];
        self
    }

    /// Other ports.
    pub fn with_ports(mut self, client: u16, server: u16) -> Self {
        self.ends[C].port = client;
        self.ends[S].port = server;
        self
    }

    /// The round trips from the capture point to C and to S, and back.
    pub fn with_halves(mut self, client: f64, server: f64) -> Self {
        self.halves = [ms(client), ms(server)];
        self
    }

    /// The initial sequence number of C, from here on.
    pub fn client_isn(&mut self, isn: u32) -> &mut Self {
        self.isn[C] = isn;
        self.next[C] = 0;
        self.acked[C] = 0;
        self
    }

    /// Another initial sequence number of C, and what there was before, to come back to.
    pub fn client_isn_for_a_moment(&mut self, isn: u32) -> Numbers {
        let before = Numbers { isn: self.isn, next: self.next, acked: self.acked };
        self.client_isn(isn);
        before
    }

    /// Back to these numbers. Gives those that were in use.
    pub fn back_to(&mut self, numbers: Numbers) -> Numbers {
        let before = Numbers { isn: self.isn, next: self.next, acked: self.acked };
        (self.isn, self.next, self.acked) = (numbers.isn, numbers.next, numbers.acked);
        before
    }

    /// The initial sequence number of S, from here on.
    pub fn server_isn(&mut self, isn: u32) -> &mut Self {
        self.isn[S] = isn;
        self.next[S] = 0;
        self.acked[S] = 0;
        self
    }

    /// The handshake, its SYN at time 0.
    pub fn opened(mut self) -> Self {
        self.open_at(0.0);
        self
    }

    /// The handshake with its SYN at `t`.
    pub fn open_at(&mut self, t: f64) {
        let [client, server] = self.halves.map(|h| h.as_millis_f64());
        self.syn(t);
        self.syn_ack(t + server);
        self.ack(t + server + client);
    }

    /// What the timestamp clock of `from` shows when a packet of it leaves that passes at `t`.
    pub fn clock(&self, from: usize, t: f64) -> u32 {
        self.clock_at(from, ms(t))
    }

    fn clock_at(&self, from: usize, t: Nanos) -> u32 {
        let left = t - self.halves[from].scale(1, 2);
        u32::try_from(CLOCKS[from] + left.0.div_euclid(1_000_000)).unwrap()
    }

    fn push(&mut self, t: f64, from: usize, flags: TcpFlags, seq: u32, len: u32) -> &mut Packet {
        let taken = len + u32::from(flags.syn()) + u32::from(flags.fin());
        if !flags.rst() {
            self.next[from] = self.next[from].max(seq + taken);
        }
        self.packets.push(Packet {
            t: ms(t),
            from,
            flags,
            isn: self.isn,
            seq,
            len,
            ack: self.acked[from],
            raw_window: None,
            window: WINDOW,
            sacks: Vec::new(),
            id: Id::Next,
            ttl: 60,
            tsval: None,
            tsecr: None,
            lost: false,
            bits: SegmentBits::default(),
            timestamps: self.timestamps && !flags.rst(),
            scale: flags.syn().then_some(7),
            sack_permitted: flags.syn() && self.sack,
            encapsulation: 0,
        });
        self.packets.last_mut().unwrap()
    }

    /// The SYN.
    pub fn syn(&mut self, t: f64) -> &mut Packet {
        self.push(t, C, TcpFlags::SYN, 0, 0)
    }

    /// A SYN without ACK of S.
    pub fn server_syn(&mut self, t: f64) -> &mut Packet {
        self.push(t, S, TcpFlags::SYN, 0, 0)
    }

    /// The SYN-ACK, its ID 0 as Linux has it.
    pub fn syn_ack(&mut self, t: f64) -> &mut Packet {
        self.syn_ack_of(S, t)
    }

    /// A SYN-ACK.
    pub fn syn_ack_of(&mut self, from: usize, t: f64) -> &mut Packet {
        self.acked[from] = self.acked[from].max(1);
        let packet = self.push(t, from, TcpFlags::SYN.with(ACK), 0, 0);
        packet.id(0)
    }

    /// A pure ACK of C for all that S has sent.
    pub fn ack(&mut self, t: f64) -> &mut Packet {
        self.pure_ack(C, t, self.next[S])
    }

    /// A pure ACK of C.
    pub fn client_ack(&mut self, t: f64, ack: u32) -> &mut Packet {
        self.pure_ack(C, t, ack)
    }

    /// A pure ACK of S.
    pub fn server_ack(&mut self, t: f64, ack: u32) -> &mut Packet {
        self.pure_ack(S, t, ack)
    }

    fn pure_ack(&mut self, from: usize, t: f64, ack: u32) -> &mut Packet {
        self.acked[from] = self.acked[from].max(ack);
        let seq = self.next[from].max(1);
        let packet = self.push(t, from, ACK, seq, 0);
        packet.acks(ack)
    }

    /// Data of C; it acknowledges what C has acknowledged so far.
    pub fn client_data(&mut self, t: f64, bytes: Range<u32>) -> &mut Packet {
        self.push(t, C, PSH_ACK, bytes.start, bytes.end - bytes.start)
    }

    /// Data of S.
    pub fn server_data(&mut self, t: f64, bytes: Range<u32>) -> &mut Packet {
        self.push(t, S, PSH_ACK, bytes.start, bytes.end - bytes.start)
    }

    /// Full segments of S, 0.01 ms apart.
    pub fn server_burst(&mut self, t: f64, bytes: Range<u32>) -> &mut Self {
        for (i, start) in bytes.clone().step_by(1000).enumerate() {
            self.server_data(t + i as f64 * 0.01, start..bytes.end.min(start + 1000));
        }
        self
    }

    /// What S sends from now on acknowledges this.
    pub fn server_acks(&mut self, ack: u32) -> &mut Self {
        self.acked[S] = self.acked[S].max(ack);
        self
    }

    /// What C sends from now on acknowledges this.
    pub fn client_acks(&mut self, ack: u32) -> &mut Self {
        self.acked[C] = self.acked[C].max(ack);
        self
    }

    /// A packet without payload at a sequence number below what comes next, as keep-alives and probes are.
    pub fn probe(&mut self, from: usize, t: f64, seq: u32) -> &mut Packet {
        self.push(t, from, ACK, seq, 0)
    }

    /// A FIN behind all that `from` has sent; it acknowledges what `from` has acknowledged so far.
    pub fn fin(&mut self, from: usize, t: f64) -> &mut Packet {
        self.push(t, from, FIN_ACK, self.next[from], 0)
    }

    /// A FIN at this number.
    pub fn fin_at(&mut self, from: usize, t: f64, seq: u32) -> &mut Packet {
        self.push(t, from, FIN_ACK, seq, 0)
    }

    /// A RST with ACK at this number.
    pub fn rst_ack(&mut self, from: usize, t: f64, seq: u32) -> &mut Packet {
        self.push(t, from, TcpFlags::RST.with(ACK), seq, 0).raw_window(0)
    }

    /// A RST without ACK at this number, its ID 0 as Linux has it where there is no socket.
    pub fn rst(&mut self, from: usize, t: f64, seq: u32) -> &mut Packet {
        self.push(t, from, TcpFlags::RST, seq, 0).raw_window(0).id(0)
    }

    /// The packet before once more, with all that a copy has of its original.
    pub fn copy(&mut self, t: f64) -> &mut Packet {
        let mut packet = self.packets.last().unwrap().clone();
        let (tsval, tsecr) = self.stamps(self.packets.len() - 1);
        (packet.t, packet.id, packet.tsval, packet.tsecr) = (ms(t), Id::Copied, Some(tsval), Some(tsecr));
        self.packets.push(packet);
        self.packets.last_mut().unwrap()
    }

    /// An ICMP error that quotes a packet of `quoted` at this number.
    pub fn icmp(&mut self, t: f64, kind: IcmpKind, quoted: usize, seq: u32) -> &mut Self {
        let seq = self.isn[quoted].wrapping_add(seq);
        self.errors.push((self.packets.len(), ms(t), kind, quoted, seq));
        self
    }

    /// Each packet comes by twice, `after` ms apart, and the copy is changed like this.
    pub fn doubled(mut self, after: f64, change: impl Fn(&mut Packet)) -> Self {
        let packets = std::mem::take(&mut self.packets);
        for packet in packets {
            let again = packet.t.as_millis_f64() + after;
            self.packets.push(packet);
            change(self.copy(again));
        }
        self
    }

    /// Only the packets of `from` were captured.
    pub fn only(mut self, from: usize) -> Run {
        let stamps: Vec<_> = (0..self.packets.len()).map(|i| self.stamps(i)).collect();
        for (packet, (tsval, tsecr)) in self.packets.iter_mut().zip(stamps) {
            (packet.tsval, packet.tsecr) = (Some(tsval), Some(tsecr));
        }
        self.packets.retain(|p| p.from == from);
        self.run()
    }

    /// `TSval` and `TSecr` of a packet: the echo is RFC 7323's `TS.Recent` of its sender when it left.
    fn stamps(&self, index: usize) -> (u32, u32) {
        let packet = &self.packets[index];
        let tsval = packet.tsval.unwrap_or_else(|| self.clock_at(packet.from, packet.t));
        if let Some(tsecr) = packet.tsecr {
            return (tsval, tsecr);
        }
        let before = &self.packets[..index];
        let mut recent = 0;
        for arrived in before.iter().filter(|p| p.from != packet.from && !p.lost && p.timestamps) {
            let arrival = arrived.t + self.halves[packet.from];
            let last_ack = before
                .iter()
                .filter(|p| p.from == packet.from && p.flags.ack() && p.t < arrival && p.isn == packet.isn)
                .map(|p| p.ack)
                .max();
            if arrival <= packet.t && last_ack.is_none_or(|ack| arrived.seq <= ack) {
                recent = recent.max(arrived.tsval.unwrap_or_else(|| self.clock_at(arrived.from, arrived.t)));
            }
        }
        (tsval, if packet.flags.ack() { recent } else { 0 })
    }

    fn segment(&self, index: usize, ids: &mut [u16; 2], last_id: u16, batch: &mut SegmentBatch) -> Segment {
        let p = &self.packets[index];
        let (key, side) = FlowKey::of(self.ends[p.from], self.ends[1 - p.from]);
        let (tsval, tsecr) = self.stamps(index);
        let ip_id = match p.id {
            Id::Copied => last_id,
            Id::Fixed(id) => {
                ids[p.from] = ids[p.from].max(if id == 0 { 0 } else { id + 1 });
                id
            }
            Id::Next => {
                ids[p.from] += 1;
                ids[p.from] - 1
            }
        };
        let mut bits = p.bits;
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        bits.set_if(SegmentBits::IPV4, self.ends[C].is_v4());
        let mut header_len = if self.ends[C].is_v4() { 40 } else { 60 };
        if self.cut_options {
            bits.set_if(SegmentBits::OPTIONS_TRUNCATED, p.timestamps || p.flags.syn());
        } else {
            bits.set_if(SegmentBits::TIMESTAMPS, p.timestamps);
            bits.set_if(SegmentBits::MSS, p.flags.syn());
            bits.set_if(SegmentBits::WINDOW_SCALE, p.scale.is_some());
            bits.set_if(SegmentBits::SACK_PERMITTED, p.sack_permitted);
        }
        header_len += 12 * u16::from(p.timestamps) + 8 * u16::from(p.flags.syn());
        let sack_at = batch.sacks.len() as u16;
        if !self.cut_options {
            let peer = p.isn[1 - p.from];
            let block = |b: &Range<u32>| SackBlock {
                left: Seq(peer.wrapping_add(b.start)),
                right: Seq(peer.wrapping_add(b.end)),
            };
            batch.sacks.extend(p.sacks.iter().map(block));
            header_len += p.sacks.len() as u16 * 8 + 4 * u16::from(!p.sacks.is_empty());
        }
        let shift = if p.flags.syn() { 0 } else { self.shift() };
        let window = p.raw_window.unwrap_or((p.window >> shift) as u16);
        let mut digest = DefaultHasher::new();
        (p.seq, p.ack, p.flags.0, window, p.len, &p.sacks, tsval, tsecr).hash(&mut digest);
        let digest = digest.finish();
        Segment {
            ts: Timestamp(EPOCH + p.t.0),
            frame: index as u64 + 1,
            key,
            seq: Seq(p.isn[p.from].wrapping_add(p.seq)),
            ack: Seq(if p.flags.ack() { p.isn[1 - p.from].wrapping_add(p.ack) } else { 0 }),
            payload_len: p.len,
            tsval,
            tsecr,
            window,
            ip_id,
            flags: p.flags,
            mss: if p.flags.syn() { 1000 } else { 0 },
            header_len,
            checksum: digest as u16,
            bits,
            sack_at,
            encapsulation: p.encapsulation,
            sack_len: (batch.sacks.len() - usize::from(sack_at)) as u8,
            window_scale: p.scale.unwrap_or(0),
            ttl: p.ttl,
            options_digest: (digest >> 16) as u8,
        }
    }

    /// The shift of all windows but those of SYNs.
    fn shift(&self) -> u8 {
        let unscaled = self.packets.iter().any(|p| p.flags.syn() && p.scale.is_none());
        if unscaled { 0 } else { 7 }
    }

    /// Lets the analysis see it all.
    pub fn run(&self) -> Run {
        let mut worker = Worker::new(false, Vec::new());
        let mut batch = SegmentBatch::default();
        let (mut ids, mut last_id) = ([1, 1], 0);
        for index in 0..=self.packets.len() {
            for &(at, t, kind, quoted, seq) in self.errors.iter().filter(|e| e.0 == index) {
                let (key, from) = FlowKey::of(self.ends[quoted], self.ends[1 - quoted]);
                let frame = at as u64 + 1;
                let error = IcmpError { ts: Timestamp(EPOCH + t.0), frame, key, from, seq: Seq(seq), kind };
                batch.errors.push((batch.segments.len(), error));
            }
            if index < self.packets.len() {
                let segment = self.segment(index, &mut ids, last_id, &mut batch);
                last_id = segment.ip_id;
                batch.push(segment);
            }
            if batch.is_full() {
                worker.on_batch(&batch);
                batch.clear();
            }
        }
        worker.on_batch(&batch);
        worker.finish();
        Run { rows: worker.drain_rows().collect(), events: std::mem::take(worker.sink()) }
    }
}

/// What the analysis says.
pub struct Run {
    /// The rows in the order in which they left.
    pub rows: Vec<Row>,
    /// The events of all connections.
    pub events: Vec<(u64, Event)>,
}

/// These tell of data packets that are no new data.
const VERDICTS: [EventKind; 10] = [
    EventKind::Rto,
    EventKind::RtoRecovery,
    EventKind::FastRetransmit,
    EventKind::Tlp,
    EventKind::SynRetransmit,
    EventKind::UnclearRetransmit,
    EventKind::OutOfOrder,
    EventKind::NetworkDuplicate,
    EventKind::Keepalive,
    EventKind::ZeroWindowProbe,
];

impl Run {
    /// The only connection.
    pub fn row(&self) -> &ConnectionSummary {
        assert_eq!(self.rows.len(), 1, "connections");
        &self.rows[0].record.summary
    }

    /// The connections in the order of their first packets.
    pub fn flows(&self) -> Vec<&ConnectionSummary> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.record.flow_id);
        rows.into_iter().map(|row| &row.record.summary).collect()
    }

    /// One endpoint of the only connection.
    pub fn half(&self, of: usize) -> &HalfSummary {
        &self.row().halves[of]
    }

    /// Retransmissions and the like of what `of` sent.
    pub fn loss(&self, of: usize) -> &LossSummary {
        self.half(of).loss.as_ref().unwrap()
    }

    /// The ACKs and probes of `of`.
    pub fn acks(&self, of: usize) -> AckSummary {
        self.half(of).acks.unwrap()
    }

    /// The windows of `of`, and its flight.
    pub fn windows(&self, of: usize) -> WindowSummary {
        self.half(of).window.unwrap()
    }

    /// Payload bytes of `of` that came by at least once.
    pub fn unique_bytes(&self, of: usize) -> u64 {
        self.half(of).stream.as_ref().unwrap().unique_bytes
    }

    /// Times of the events of this kind about packets of `of`, in ms.
    pub fn times(&self, of: usize, kind: EventKind) -> Vec<f64> {
        let mine = self.events.iter().filter(|(_, e)| e.sender == of && e.kind == kind);
        mine.map(|(_, e)| (e.t.0 - EPOCH) as f64 / 1e6).collect()
    }

    /// What the data packets of `of` were, except new data: the time of each in ms, and the word for it.
    pub fn verdicts(&self, of: usize) -> Vec<(f64, &'static str)> {
        let mine = self.events.iter().filter(|(_, e)| e.sender == of && VERDICTS.contains(&e.kind));
        mine.map(|(_, e)| ((e.t.0 - EPOCH) as f64 / 1e6, e.kind.word())).collect()
    }

    /// The only event of this kind about a packet of `of`.
    pub fn event(&self, of: usize, kind: EventKind) -> &Event {
        let mine: Vec<_> = self.events.iter().filter(|(_, e)| e.sender == of && e.kind == kind).collect();
        assert_eq!(mine.len(), 1, "{}", kind.word());
        &mine[0].1
    }

    /// Nothing of what `of` sent was lost, sent again, late or doubled.
    pub fn assert_clean(&self, of: usize) {
        let loss = self.loss(of);
        let clean = LossSummary {
            lost_upstream_bytes: Some(0),
            lost_downstream_bytes: Some(0),
            episodes: Some(0),
            recovery: Some(Nanos::ZERO),
            ..LossSummary::default()
        };
        assert_eq!(*loss, clean);
    }
}

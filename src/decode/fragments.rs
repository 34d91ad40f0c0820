//! Reassembly of IP fragments (RFC 791 3.2, RFC 8200 4.5) in bounded time and memory.
//!
//! The analysis wants the headers and the length of a datagram, not its payload. So fragments whose bytes the capture cut are put together
//! as well: the result is a datagram of the right length of which some bytes are missing, as with any packet that was cut.
//!
//! Where fragments overlap, what came first stays, bytes and end alike. Hosts disagree on this (RFC 5722 has IPv6 drop such a datagram);
//! a passive reader cannot know what the receiver made of it, but it must not be led to read beyond what it holds.

use std::collections::{BTreeMap, HashMap};

use super::bytes::Bytes;
use super::ip::{self, Fragment, Packet};
use super::skip::Skip;
use crate::base::{Nanos, SegmentBits, Timestamp};

/// How long a datagram waits for its fragments: what Linux does (`ipfrag_time`); RFC 8200 4.5 has 60 s.
const TIMEOUT: Nanos = Nanos::from_secs(30);
/// So many bytes may wait, in all datagrams together; the oldest gives way.
const MAX_BYTES: usize = 4 << 20;
/// What a datagram costs besides its bytes: its places in both maps and its own fields, generously.
const COST_OF_ONE: usize = 512;
/// No datagram is longer (RFC 791 3.1); what would reach beyond is the "ping of death".
const MAX_DATAGRAM: usize = 65_535;

/// Which datagram a fragment belongs to. VLAN tags and tunnels are no part of it, as they are no part of a connection's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct DatagramKey {
    source: [u8; 16],
    destination: [u8; 16],
    identification: u32,
    /// Of IPv4 only: in IPv6 the protocol of the first fragment alone counts (RFC 8200 4.5).
    protocol: Option<u8>,
}

/// A datagram in the making.
struct Assembly {
    serial: u64,
    since: Timestamp,
    /// The fragments that are here.
    frames: u64,
    /// The captured bytes, each at its place.
    data: Vec<u8>,
    /// What came by on the wire, in order and without overlaps or touching neighbours.
    spans: Vec<(usize, usize)>,
    /// From here on bytes may be missing that came by but were not captured.
    captured_to: usize,
    /// The length, once the last fragment is here.
    end: Option<usize>,
    /// The IP header of the first fragment, which is that of the datagram.
    head: Option<Head>,
    is_congestion_experienced: bool,
}

/// A [`Packet`] without its payload.
type Head = Packet<'static>;

/// What became of a fragment.
pub(crate) enum Added {
    /// The datagram waits for more.
    Waiting,
    /// It was of no use.
    Refused(Skip),
    /// It was the one that was missing.
    Complete(Datagram),
}

/// A reassembled datagram.
pub(crate) struct Datagram {
    head: Head,
    data: Vec<u8>,
    length: usize,
    /// How many frames carried it.
    pub(crate) frames: u64,
}

impl Datagram {
    /// The packet that was sent.
    pub(crate) fn packet(&self) -> Result<Packet<'_>, Skip> {
        let payload = Bytes::with_length(&self.data, self.length);
        ip::follow_extensions(Packet { payload, fragment: None, ..self.head })
    }
}

/// All datagrams in the making.
#[derive(Default)]
pub(crate) struct Fragments {
    assemblies: HashMap<DatagramKey, Assembly>,
    by_age: BTreeMap<u64, DatagramKey>,
    next_serial: u64,
    bytes: usize,
}

impl Fragments {
    /// Takes a fragment that was captured at `now`.
    pub(crate) fn add(&mut self, packet: &Packet<'_>, fragment: Fragment, now: Timestamp) -> Added {
        let length = packet.payload.wire_len();
        if length == 0 || fragment.fits_nowhere(length) || fragment.offset + length > MAX_DATAGRAM {
            return Added::Refused(Skip::MalformedIp);
        }
        self.expire(now);
        let key = DatagramKey {
            source: packet.source,
            destination: packet.destination,
            identification: fragment.identification,
            protocol: packet.is_v4().then_some(packet.protocol),
        };
        let assembly = self.assemblies.entry(key).or_insert_with(|| {
            self.next_serial += 1;
            self.by_age.insert(self.next_serial, key);
            self.bytes += COST_OF_ONE;
            Assembly::new(self.next_serial, now)
        });
        let before = assembly.bytes();
        let was_taken = assembly.add(packet, fragment);
        self.bytes = self.bytes + assembly.bytes() - before;
        let is_complete = assembly.is_complete();
        if is_complete {
            return match self.remove(&key).and_then(Assembly::finish) {
                Some(datagram) => Added::Complete(datagram),
                None => Added::Refused(Skip::Fragment),
            };
        }
        while self.bytes > MAX_BYTES && self.drop_oldest() {}
        if was_taken { Added::Waiting } else { Added::Refused(Skip::Fragment) }
    }

    /// Gives up on what has waited too long. The order is that of arrival, which is that of time but where clocks went backwards.
    fn expire(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.by_age.first_key_value()
            && self.assemblies.get(key).is_none_or(|assembly| now.since(assembly.since) > TIMEOUT)
            && self.drop_oldest()
        {}
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, key)) = self.by_age.pop_first() else {
            return false;
        };
        self.remove(&key);
        true
    }

    fn remove(&mut self, key: &DatagramKey) -> Option<Assembly> {
        let assembly = self.assemblies.remove(key)?;
        self.by_age.remove(&assembly.serial);
        self.bytes = self.bytes.saturating_sub(COST_OF_ONE + assembly.bytes());
        Some(assembly)
    }
}

impl Assembly {
    fn new(serial: u64, since: Timestamp) -> Self {
        Self {
            serial,
            since,
            frames: 0,
            data: Vec::new(),
            spans: Vec::new(),
            captured_to: MAX_DATAGRAM,
            end: None,
            head: None,
            is_congestion_experienced: false,
        }
    }

    /// What it holds.
    fn bytes(&self) -> usize {
        self.data.capacity() + self.spans.capacity() * size_of::<(usize, usize)>()
    }

    /// Takes a fragment, unless it contradicts the end or the whole of it is here already.
    fn add(&mut self, packet: &Packet<'_>, fragment: Fragment) -> bool {
        let start = fragment.offset;
        let end = start + packet.payload.wire_len();
        let highest = self.spans.last().map_or(0, |&(_, end)| end);
        match self.end {
            Some(known) if end > known || (!fragment.more && end != known) => return false,
            None if !fragment.more && end < highest => return false,
            _ => {}
        }
        if self.spans.iter().any(|&(from, to)| from <= start && end <= to) {
            return false;
        }
        if !fragment.more {
            self.end = Some(end);
        }
        if start == 0 && self.head.is_none() {
            self.head = Some(Packet { payload: Bytes::with_length(&[], 0), ..*packet });
        }
        self.is_congestion_experienced |= packet.bits.has(SegmentBits::CE);
        self.frames += 1;
        self.copy(start, packet.payload);
        self.cover(start, end);
        true
    }

    /// Writes captured bytes to where nothing was before.
    fn copy(&mut self, start: usize, payload: Bytes<'_>) {
        let bytes = payload.captured();
        if !payload.is_whole() {
            self.captured_to = self.captured_to.min(start + bytes.len());
            self.data.truncate(self.captured_to);
        }
        let end = (start + bytes.len()).min(self.captured_to);
        if end > self.data.len() {
            self.data.reserve_exact(end - self.data.len());
            self.data.resize(end, 0);
        }
        let mut from = start;
        let beyond = (usize::MAX, usize::MAX);
        for &(taken_from, taken_to) in self.spans.iter().chain([&beyond]) {
            let to = taken_from.min(end);
            if from < to
                && let (Some(place), Some(new)) = (self.data.get_mut(from..to), bytes.get(from - start..to - start))
            {
                place.copy_from_slice(new);
            }
            from = from.max(taken_to);
        }
    }

    /// Adds a span and joins it with those that it touches.
    fn cover(&mut self, start: usize, end: usize) {
        let first = self.spans.partition_point(|&(_, to)| to < start);
        let behind = self.spans.partition_point(|&(from, _)| from <= end);
        let joined = self.spans.get(first..behind).unwrap_or(&[]).iter();
        let span = joined.fold((start, end), |(from, to), &(f, t)| (from.min(f), to.max(t)));
        self.spans.splice(first..behind, [span]);
    }

    fn is_complete(&self) -> bool {
        matches!((self.spans.as_slice(), self.end), (&[(0, to)], Some(end)) if to == end)
    }

    fn finish(mut self) -> Option<Datagram> {
        let mut head = self.head?;
        head.bits.set(SegmentBits::FRAGMENTED);
        // RFC 3168 5.3: one fragment that met congestion marks the datagram.
        head.bits.set_if(SegmentBits::CE, self.is_congestion_experienced);
        self.data.truncate(self.captured_to);
        Some(Datagram { head, data: self.data, length: self.end?, frames: self.frames })
    }
}

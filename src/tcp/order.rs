//! In which order did a sender send what the capture shows? (`semantics.md` 2 and 5.4: IP ID, then `TSval`.)

use super::event::Evidence;
use super::sent::Stamp;
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Segment, SegmentBits, Timestamp};

/// Steps between the identifications of consecutive packets that a counter makes: a per-socket counter steps by one, by a few
/// where a super-packet was cut on its way, and back by a few where packets overtook each other.
const COUNTER_STEP: i32 = 64;
/// Two identifications further apart than this are of no order: the 16-bit counter may have gone round.
const COUNTER_REACH: i32 = 4096;

/// A timestamp clock that jumps this far within less time is not one clock: a middlebox rewrites it, or the host changed.
const CLOCK_JUMP: Nanos = Nanos::from_secs(10);
/// After this time a clock's rate is known.
const MEASURED: Nanos = Nanos::from_secs(1);

/// What one sender's IP IDs are made of, and its newest data packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendOrder {
    last_id: u16,
    near_steps: u16,
    far_steps: u16,
    equal_steps: u16,
    /// The stamp of its newest data packet: whether that was timed, if there was one, and the rest.
    newest_timed: Option<bool>,
    newest_id: u16,
    newest_tsval: u32,
    /// Something on the path rewrites the timestamps: they tell no order.
    rewritten: bool,
    clock: Clock,
}

const _: () = assert!(size_of::<SendOrder>() <= 40);

packed! {
    SendOrder {
        [newest_tsval, last_id ~ newest_id; newest_timed, rewritten, near_steps, far_steps, equal_steps]
        clock
    }
}

/// A sender's timestamp clock: time and `TSval` of its first packet with one, and of the last that was not overtaken.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    since: Maybe<Timestamp>,
    first: u32,
    last: u32,
    until: Timestamp,
}

packed! { Clock { [since, first ~ last, until] } }

impl Clock {
    /// How long it has been watched, and its ticks in that time.
    fn watched(&self) -> Option<(Nanos, i64)> {
        let since = self.since.get()?;
        Some((self.until - since, i64::from(self.last.wrapping_sub(self.first))))
    }

    /// The tick of the last packet has not ended, and no time has passed that would make it strange: there is nothing to learn.
    #[inline]
    fn stands(&self, t: Timestamp, tsval: u32) -> bool {
        /// Half a jump, either way.
        const CLOSE: u64 = (CLOCK_JUMP.0 / 2) as u64;
        tsval == self.last && self.since.is_some() && t.0.abs_diff(self.until.0) < CLOSE
    }

    /// A packet of the time `t` bears `tsval`.
    fn see(&mut self, t: Timestamp, tsval: u32) {
        if self.since.is_none() {
            *self = Self { since: Maybe::some(t), first: tsval, last: tsval, until: t };
        } else if tsval.wrapping_sub(self.last) as i32 > 0 {
            (self.until, self.last) = (t, tsval);
        }
    }

    /// So many ticks as a time. The rate is measured over a second at least; until then a tick is 1 ms, as it is with Linux, macOS and FreeBSD
    /// (RFC 7323 5.4 allows 1 ms to 1 s).
    fn ticks(&self, ticks: i64) -> Nanos {
        match self.watched() {
            Some((time, counted)) if time >= MEASURED && counted > 0 => time.scale(ticks, counted),
            _ => Nanos::from_millis(ticks),
        }
    }

    /// Once the rate has been measured: does this `tsval` say something that cannot be true of one clock?
    fn jumps(&self, t: Timestamp, tsval: u32) -> bool {
        let Some((time, counted)) = self.watched() else { return false };
        let passed = t - self.until;
        if time < MEASURED || passed >= CLOCK_JUMP {
            return false;
        }
        let step = i64::from(tsval.wrapping_sub(self.last) as i32);
        // Half a jump in the ticks and half in the time would make one; hardly a packet is so far away, and this spares the division.
        let half = CLOCK_JUMP.scale(1, 2);
        if passed.abs() < half && step.abs().saturating_mul(time.0) < counted.saturating_mul(half.0) {
            return false;
        }
        (self.ticks(step) - passed).abs() > CLOCK_JUMP
    }
}

/// Which of two packets was sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first.
    Before,
    /// The second.
    After,
    /// Neither their IDs nor their timestamps say.
    Unknown,
}

/// The ID or the timestamp of `a` lies before that of `b`: if neither does, it need not be asked which of them is to be believed.
#[inline]
fn may_precede(a: Stamp, b: Stamp) -> bool {
    let by_id = b.ip_id.wrapping_sub(a.ip_id) as i16 > 0;
    let by_time = b.tsval.wrapping_sub(a.tsval) as i32 > 0;
    by_id | by_time
}

impl SendOrder {
    /// The order evidence that a segment carries.
    pub fn stamp(segment: &Segment) -> Stamp {
        Stamp {
            ip_id: segment.ip_ident().unwrap_or(0),
            timed: segment.bits.has(SegmentBits::TIMESTAMPS),
            tsval: segment.tsval,
        }
    }

    /// Learns from the next packet of the sender. SYNs and RSTs are no part of the counter: Linux sends them without a full socket.
    #[inline(always)]
    pub fn learn(&mut self, segment: &Segment) {
        if let Some(tsval) = segment.timestamp()
            && !self.clock.stands(segment.ts, tsval)
        {
            self.read_clock(segment.ts, tsval);
        }
        if let Some(id) = segment.ip_ident() {
            if self.last_id != 0 {
                self.count_step(id);
            }
            self.last_id = id;
        }
    }

    #[inline(never)]
    fn read_clock(&mut self, t: Timestamp, tsval: u32) {
        self.rewritten |= self.clock.jumps(t, tsval);
        self.clock.see(t, tsval);
    }

    #[inline(always)]
    fn count_step(&mut self, id: u16) {
        if id == self.last_id.wrapping_add(1) {
            self.near_steps = self.near_steps.saturating_add(1);
        } else {
            self.count_other_step(id);
        }
    }

    #[inline(never)]
    fn count_other_step(&mut self, id: u16) {
        let step = i32::from(id.wrapping_sub(self.last_id) as i16).abs();
        let count = if step > COUNTER_STEP {
            &mut self.far_steps
        } else if step > 0 {
            &mut self.near_steps
        } else {
            &mut self.equal_steps
        };
        *count = count.saturating_add(1);
    }

    /// So many ticks of the sender's timestamp clock as a time.
    pub fn ticks(&self, ticks: i64) -> Nanos {
        self.clock.ticks(ticks)
    }

    /// The IDs count: two near steps by chance would be 1 in 260,000.
    pub fn ids_count(&self) -> bool {
        self.near_steps >= 2 && u32::from(self.near_steps) >= 9 * u32::from(self.far_steps + self.equal_steps)
    }

    /// The ID never changes: it identifies nothing.
    pub fn ids_constant(&self) -> bool {
        self.equal_steps > self.near_steps.saturating_add(self.far_steps)
    }

    /// What the order of a packet rests on.
    pub fn evidence(&self, stamp: Stamp) -> Evidence {
        if self.ids_count() && stamp.ip_id != 0 {
            Evidence::IP_ID
        } else if stamp.timed && !self.rewritten {
            Evidence::TIMESTAMP
        } else {
            Evidence::default()
        }
    }

    /// A non-zero ID far from where the counter stands.
    pub fn is_foreign(&self, stamp: Stamp) -> bool {
        let step = i32::from(stamp.ip_id.wrapping_sub(self.last_id) as i16);
        self.ids_count() && stamp.ip_id != 0 && step.abs() > COUNTER_REACH
    }

    /// Was the packet of `a` sent before that of `b`? `ticks_decide`: equal timestamps leave the order of sequence numbers `a_first`
    /// (a retransmission cannot be that fast).
    pub fn compare(&self, a: Stamp, b: Stamp, ticks_decide: bool, a_first: bool) -> Order {
        if self.ids_count() && a.ip_id != 0 && b.ip_id != 0 {
            let step = i32::from(b.ip_id.wrapping_sub(a.ip_id) as i16);
            if step != 0 && step.abs() <= COUNTER_REACH {
                return if step > 0 { Order::Before } else { Order::After };
            }
        }
        if a.timed && b.timed && !self.rewritten {
            let step = b.tsval.wrapping_sub(a.tsval) as i32;
            if step != 0 {
                return if step > 0 { Order::Before } else { Order::After };
            }
            if ticks_decide {
                return if a_first { Order::Before } else { Order::After };
            }
        }
        Order::Unknown
    }

    /// A data packet came by. True if one that was sent later had come by before.
    #[inline(always)]
    pub fn overtaken(&mut self, stamp: Stamp) -> bool {
        if let Some(timed) = self.newest_timed {
            let newest = Stamp { ip_id: self.newest_id, timed, tsval: self.newest_tsval };
            if may_precede(stamp, newest) && self.compare(stamp, newest, false, false) == Order::Before {
                return true;
            }
        }
        self.newest_timed = Some(stamp.timed);
        (self.newest_id, self.newest_tsval) = (stamp.ip_id, stamp.tsval);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::TcpFlags;

    fn with_ids(ids: &[u16]) -> SendOrder {
        let mut order = SendOrder::default();
        for &ip_id in ids {
            order.learn(&Segment { ip_id, flags: TcpFlags::ACK, bits: SegmentBits::IPV4, ..Segment::default() });
        }
        order
    }

    #[test]
    fn a_counter_is_told_from_noise_and_from_a_constant() {
        assert!(with_ids(&[65534, 65535, 1, 2]).ids_count());
        assert!(with_ids(&[10, 12, 11, 13]).ids_count());
        assert!(!with_ids(&[5000, 61, 33000, 9000]).ids_count());
        assert!(with_ids(&[7, 7, 7]).ids_constant());
    }

    #[test]
    fn a_clock_that_jumps_tells_no_order() {
        let mut order = SendOrder::default();
        let at = |tsval| Stamp { ip_id: 0, timed: true, tsval };
        for (ms, tsval) in [(0, 1000), (2000, 3000), (2010, 4_000_000), (2020, 3020)] {
            let ts = Timestamp(ms * 1_000_000);
            order.learn(&Segment { ts, tsval, bits: SegmentBits::TIMESTAMPS, ..Segment::default() });
        }
        assert_eq!(order.compare(at(5), at(6), false, false), Order::Unknown);
    }

    #[test]
    fn timestamps_decide_where_ids_do_not() {
        let order = SendOrder::default();
        let at = |tsval| Stamp { ip_id: 0, timed: true, tsval };
        assert_eq!(order.compare(at(5), at(6), false, false), Order::Before);
        assert_eq!(order.compare(at(u32::MAX), at(1), false, false), Order::Before);
        assert_eq!(order.compare(at(5), at(5), false, true), Order::Unknown);
        assert_eq!(order.compare(at(5), at(5), true, true), Order::Before);
    }
}

//! Counts by window of capture time, for connections that come in the order of their ends rather than of their starts.
//!
//! What lies further back than the windows that are kept is counted as late and in no window: rates err downwards, never upwards.

use std::collections::VecDeque;

use crate::base::{Nanos, Timestamp};

/// Counters of so many kinds for each window of a fixed width. Windows with nothing in them take no room.
#[derive(Clone, Debug)]
pub struct Bins<const N: usize> {
    width: Nanos,
    most: usize,
    kept: VecDeque<(i64, [u32; N])>,
    /// Events that came after their window had been let go.
    late: u64,
}

impl<const N: usize> Bins<N> {
    /// Windows of that width, of which `most` are kept.
    pub const fn new(width: Nanos, most: usize) -> Self {
        Self { width, most, kept: VecDeque::new(), late: 0 }
    }

    /// Counts an event of that kind. Returns the window that had to be let go, if one had.
    pub fn add(&mut self, t: Timestamp, kind: usize) -> Option<[u32; N]> {
        let bin = t.0.div_euclid(self.width.0.max(1));
        let at = self.place(bin)?;
        if let Some(n) = self.kept.get_mut(at).and_then(|(_, counts)| counts.get_mut(kind)) {
            *n = n.saturating_add(1);
        }
        if self.kept.len() > self.most { self.kept.pop_front().map(|(_, counts)| counts) } else { None }
    }

    /// Where the window is, which is made if it is not there. `None` if it is too old.
    fn place(&mut self, bin: i64) -> Option<usize> {
        let behind = self.kept.iter().rev().take_while(|(known, _)| *known > bin).count();
        let at = self.kept.len() - behind;
        if at.checked_sub(1).and_then(|before| self.kept.get(before)).is_some_and(|(known, _)| *known == bin) {
            return Some(at - 1);
        }
        if at == 0 && self.kept.len() >= self.most {
            self.late += 1;
            return None;
        }
        self.kept.insert(at, (bin, [0; N]));
        Some(at)
    }

    /// The windows that are kept, in the order of time.
    pub fn iter(&self) -> impl Iterator<Item = &[u32; N]> {
        self.kept.iter().map(|(_, counts)| counts)
    }
}

/// The most events within any `steps` windows that follow each other.
#[derive(Clone, Debug)]
pub struct Peak {
    bins: Bins<1>,
    steps: i64,
    /// The most so far.
    most: u64,
}

impl Peak {
    /// Within a second.
    pub const fn second() -> Self {
        Self { bins: Bins::new(Nanos::from_secs(1), 256), steps: 1, most: 0 }
    }

    /// Within ten seconds.
    pub const fn ten_seconds() -> Self {
        Self { bins: Bins::new(Nanos::from_secs(1), 256), steps: 10, most: 0 }
    }

    /// Within a minute. Its windows begin at multiples of five seconds.
    pub const fn minute() -> Self {
        Self { bins: Bins::new(Nanos::from_secs(5), 64), steps: 12, most: 0 }
    }

    /// Counts an event.
    pub fn add(&mut self, t: Timestamp) {
        self.bins.add(t, 0);
        let bin = t.0.div_euclid(self.bins.width.0.max(1));
        let steps = self.steps;
        let near = || self.bins.kept.iter().rev().skip_while(move |(b, _)| *b >= bin + steps);
        let near = || near().take_while(move |(b, _)| *b > bin - steps);
        // Every window that the event lies in ends with a bin that has something in it: so many there are at most.
        for (last, _) in near().take_while(|(b, _)| *b >= bin) {
            let within = near().filter(|(b, _)| *b <= *last && *b > *last - steps);
            self.most = self.most.max(within.map(|(_, [n])| u64::from(*n)).sum());
        }
    }

    /// The most.
    pub const fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp(0) + Nanos::from_secs(seconds)
    }

    #[test]
    fn old_windows_are_handed_out_and_what_is_older_is_late() {
        let mut bins: Bins<2> = Bins::new(Nanos::from_secs(10), 2);
        assert_eq!(bins.add(s(5), 0), None);
        assert_eq!(bins.add(s(15), 1), None);
        assert_eq!(bins.add(s(25), 1), Some([1, 0]));
        assert_eq!(bins.add(s(3), 0), None);
        assert_eq!(bins.add(s(19), 0), None);
        assert_eq!(bins.iter().collect::<Vec<_>>(), [&[1, 1], &[0, 1]]);
        assert_eq!(bins.late, 1);
    }

    proptest! {
        #[test]
        fn the_peak_is_that_of_all_windows(times in prop::collection::vec(0i64..100, 1..60)) {
            let mut peak = Peak::ten_seconds();
            times.iter().for_each(|t| peak.add(s(*t)));
            let within = |first: i64| times.iter().filter(|t| (first..first + 10).contains(*t)).count() as u64;
            prop_assert_eq!(peak.most(), (0..100).map(within).max().unwrap());
        }
    }
}

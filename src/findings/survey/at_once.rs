//! How many were there at the same time.

use std::collections::BTreeMap;

use crate::base::{Nanos, Timestamp};

/// The largest number of intervals that overlap, in memory of about that number.
///
/// Intervals are given to places, as trains are to platforms: each takes the place that was left last before it begins, or a new one. The
/// number of places is the number that overlapped, exactly, if intervals come in the order of their ends or of their starts; in another
/// order it may be larger. Ends are rounded up where there are too many different ones.
#[derive(Clone, Debug)]
pub struct AtOnce {
    /// When places were left, and how many at that moment.
    left: BTreeMap<Timestamp, u64>,
    places: u64,
    grain: Nanos,
}

impl Default for AtOnce {
    fn default() -> Self {
        Self { left: BTreeMap::new(), places: 0, grain: Nanos(1) }
    }
}

impl AtOnce {
    /// Different ends that are kept at most.
    const MOST: usize = 1_024;
    /// What was left before that is all the same.
    const PAST: Nanos = Nanos::from_secs(180);
    /// Ends are not rounded to more.
    const COARSEST: Nanos = Nanos::from_secs(1);

    /// Takes an interval, its end not included.
    pub fn add(&mut self, start: Timestamp, end: Timestamp) {
        match self.left.range(..=start).next_back().map(|(&left, &n)| (left, n)) {
            Some((left, 1)) => {
                self.left.remove(&left);
            }
            Some((left, n)) => {
                self.left.insert(left, n - 1);
            }
            None => self.places += 1,
        }
        *self.left.entry(self.rounded(end.max(start))).or_default() += 1;
        if self.left.len() > Self::MOST {
            self.shrink();
        }
    }

    /// The largest number so far.
    pub const fn most(&self) -> u64 {
        self.places
    }

    fn rounded(&self, end: Timestamp) -> Timestamp {
        let grain = self.grain.0.max(1);
        Timestamp(end.0.div_euclid(grain).saturating_add(i64::from(end.0.rem_euclid(grain) > 0)).saturating_mul(grain))
    }

    fn shrink(&mut self) {
        let newest = self.left.keys().next_back().copied().unwrap_or_default();
        let kept = self.left.split_off(&(newest - Self::PAST));
        let past = std::mem::replace(&mut self.left, kept);
        if let Some(last) = past.keys().next_back() {
            *self.left.entry(*last).or_default() += past.values().sum::<u64>();
        }
        while self.left.len() > Self::MOST / 2 && self.grain < Self::COARSEST {
            self.grain = Nanos(self.grain.0.saturating_mul(4).max(1_000_000)).min(Self::COARSEST);
            let mut rounded = BTreeMap::new();
            for (end, n) in &self.left {
                *rounded.entry(self.rounded(*end)).or_default() += n;
            }
            self.left = rounded;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most(intervals: &[(i64, i64)]) -> u64 {
        let mut at_once = AtOnce::default();
        intervals.iter().for_each(|(a, b)| at_once.add(Timestamp(*a), Timestamp(*b)));
        at_once.most()
    }

    /// By trying each start.
    fn by_hand(intervals: &[(i64, i64)]) -> u64 {
        let open = |t: i64| intervals.iter().filter(|(a, b)| *a <= t && t < (*b).max(*a + 1)).count() as u64;
        intervals.iter().map(|(a, _)| open(*a)).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn it_is_exact_in_the_order_of_ends_and_of_starts(
            intervals in prop::collection::vec((0i64..200, 1i64..60), 1..80)
        ) {
            let mut intervals: Vec<(i64, i64)> = intervals.into_iter().map(|(a, len)| (a, a + len)).collect();
            intervals.sort_by_key(|(_, b)| *b);
            prop_assert_eq!(most(&intervals), by_hand(&intervals));
            intervals.sort();
            prop_assert_eq!(most(&intervals), by_hand(&intervals));
        }
    }

    #[test]
    fn memory_does_not_follow_time_and_the_number_stays_right() {
        let mut at_once = AtOnce::default();
        // 100 begin each second, and each is there for a minute: 6,000 at once.
        for n in 0..100_000i64 {
            let start = Timestamp(n * 10_000_000);
            at_once.add(start, start + Nanos::from_secs(60));
        }
        assert!(at_once.left.len() <= AtOnce::MOST);
        assert!((6_000..6_200).contains(&at_once.most()), "{}", at_once.most());
    }
}

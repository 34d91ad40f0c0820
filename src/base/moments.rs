//! Statistics in bounded memory: mean and variance, and quantiles with a known error.

use super::Words;
use super::packed::{Pack, Sink, Source, packed};

/// Count, minimum, maximum, mean and variance of a series, by Welford's method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: u64,
    min: i64,
    max: i64,
    mean: f64,
    m2: f64,
}

packed! { Moments { [n, min, max, mean, m2] } }

impl Moments {
    /// Takes one value.
    pub fn add(&mut self, value: i64) {
        self.n += 1;
        if self.n == 1 {
            (self.min, self.max) = (value, value);
        } else {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        let delta = value as f64 - self.mean;
        self.mean += delta / self.n as i64 as f64; // as a signed number it is converted at once
        self.m2 += delta * (value as f64 - self.mean);
    }

    /// How many values there were.
    pub const fn count(&self) -> u64 {
        self.n
    }

    /// The smallest, if there was one.
    pub const fn min(&self) -> Option<i64> {
        if self.n == 0 { None } else { Some(self.min) }
    }

    /// The largest, if there was one.
    pub const fn max(&self) -> Option<i64> {
        if self.n == 0 { None } else { Some(self.max) }
    }

    /// The arithmetic mean, if there was a value.
    pub const fn mean(&self) -> Option<f64> {
        if self.n == 0 { None } else { Some(self.mean) }
    }

    /// The standard deviation of the sample (n - 1), from two values on.
    pub fn stddev(&self) -> Option<f64> {
        if self.n < 2 { None } else { Some((self.m2 / (self.n - 1) as f64).sqrt()) }
    }
}

/// Quantiles of a series of non-negative values: exact up to [`Quantiles::EXACT`] values, then from
/// logarithmic buckets, whose representatives lie within 1 % of every value in them.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles(Store);

/// What is kept of the values.
#[derive(Clone, Debug, PartialEq)]
enum Store {
    /// All of them, as long as they are few.
    Values(Words),
    /// How many fell where.
    Row(Box<Row>),
}

impl Default for Quantiles {
    fn default() -> Self {
        Self(Store::Values(Words::default()))
    }
}

impl Pack for Quantiles {
    fn pack(&self, sink: &mut Sink<'_>) {
        sink.mark(matches!(self.0, Store::Row(_)));
        match &self.0 {
            Store::Values(values) => values.pack(sink),
            Store::Row(row) => row.pack(sink),
        }
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        Self(if source.mark() { Store::Row(Pack::unpack(source)) } else { Store::Values(Pack::unpack(source)) })
    }
}

/// A value that came once or several times in a row, in the upper 56 bits, and the number of values up to there: two years of nanoseconds are
/// enough for one of a few.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Few(u64);

impl Few {
    const LIMIT: u64 = 1 << 56;

    const fn new(value: u64, upto: usize) -> Self {
        Self(value << 8 | upto as u64)
    }

    const fn value(self) -> u64 {
        self.0 >> 8
    }

    const fn upto(self) -> usize {
        self.0 as usize & 0xff
    }
}

/// How many values fell into each bucket from `first` on. Values of one series lie close together: the row has few gaps, and a bucket
/// is found without a search.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    n: u64,
    counts: Vec<u32>,
    first: u16,
}

packed! { Row { [n; first] counts } }

impl Quantiles {
    /// So many values are kept as they are.
    pub const EXACT: usize = 64;

    /// Both series together, which are too many to be kept as they are.
    pub fn together(&self, other: &Quantiles) -> Self {
        let mut row = Box::<Row>::default();
        for Quantiles(store) in [self, other] {
            match store {
                Store::Row(more) => more.counted().for_each(|(bucket, n)| row.count_many(bucket, n)),
                Store::Values(values) => runs(values).for_each(|(v, n)| row.count_many(buckets::of(v), n as u32)),
            }
        }
        Self(Store::Row(row))
    }

    /// Takes one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.add_times(value, 1);
    }

    /// Takes a value that came so many times.
    #[inline]
    pub fn add_times(&mut self, value: u64, times: u32) {
        match &mut self.0 {
            Store::Row(row) => row.count_many(buckets::of(value), times),
            Store::Values(_) => self.keep(value, times),
        }
    }

    #[inline(never)]
    fn keep(&mut self, value: u64, times: u32) {
        let Store::Values(values) = &mut self.0 else { return };
        let n = count(values) + times as usize;
        match values.last_mut() {
            _ if n > Self::EXACT || value >= Few::LIMIT => self.become_row(value, times),
            Some(last) if Few(*last).value() == value => *last = Few::new(value, n).0,
            _ => values.push(Few::new(value, n).0),
        }
    }

    /// With this value they are no longer few, or one of them is too large.
    #[cold]
    fn become_row(&mut self, value: u64, times: u32) {
        let Store::Values(values) = &self.0 else { return };
        let mut row = Box::<Row>::default();
        runs(values).for_each(|(value, n)| row.count_many(buckets::of(value), n as u32));
        row.count_many(buckets::of(value), times);
        self.0 = Store::Row(row);
    }

    /// How many values there were.
    pub fn count_all(&self) -> u64 {
        match &self.0 {
            Store::Row(row) => row.n,
            Store::Values(values) => count(values) as u64,
        }
    }

    /// There was none.
    pub fn is_empty(&self) -> bool {
        self.count_all() == 0
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        match &self.0 {
            Store::Values(values) => values.heap(),
            Store::Row(row) => size_of::<Row>() + row.counts.capacity() * 4,
        }
    }

    /// The value of rank ⌈p·n/100⌉ (nearest rank), `p` in 1..=100.
    pub fn percentile(&self, p: u64) -> Option<u64> {
        self.percentiles([p])[0]
    }

    /// Several of them at once, for ascending `p`.
    pub fn percentiles<const N: usize>(&self, p: [u64; N]) -> [Option<u64>; N] {
        match &self.0 {
            Store::Row(row) => row.percentiles(p),
            Store::Values(values) => match values.as_slice() {
                [] => [None; N],
                [always] => [Some(Few(*always).value()); N],
                _ => of_few(count(values), runs(values).flat_map(|(value, n)| std::iter::repeat_n(value, n)), p),
            },
        }
    }
}

/// How many values that is.
fn count(values: &Words) -> usize {
    values.as_slice().last().map_or(0, |&last| Few(last).upto())
}

/// Each of these values with the number of times that it came in a row.
fn runs(values: &Words) -> impl Iterator<Item = (u64, usize)> {
    let mut before = 0;
    let run =
        move |&word: &u64| (Few(word).value(), Few(word).upto() - std::mem::replace(&mut before, Few(word).upto()));
    values.as_slice().iter().map(run)
}

/// The rank of each of these percentiles among `n` values.
fn ranks<const N: usize>(n: u64, p: [u64; N]) -> [u64; N] {
    p.map(|p| (p * n).div_ceil(100).clamp(1, n))
}

/// The percentiles of a series of at most `most` values, of which no more than [`Quantiles::EXACT`] count.
pub fn of_few<const N: usize>(most: usize, values: impl Iterator<Item = u64>, p: [u64; N]) -> [Option<u64>; N] {
    /// Most series are no longer: the room for them is made in no time, and what is put in is put in its order.
    const FEWER: usize = 8;
    if most <= FEWER {
        let mut room = [0; FEWER];
        let n = values.zip(1..=FEWER).fold(0, |n, (value, upto)| {
            insert(&mut room[..upto], value);
            n + 1
        });
        ranked(&room[..n], p)
    } else {
        let mut room = [0; Quantiles::EXACT];
        let n = room.iter_mut().zip(values).map(|(place, value)| *place = value).count();
        room[..n].sort_unstable();
        ranked(&room[..n], p)
    }
}

/// Puts a value where it belongs among those that are in order; the last place is free.
#[inline]
fn insert(sorted: &mut [u64], value: u64) {
    let mut free = sorted.len() - 1;
    while free > 0 && sorted[free - 1] > value {
        sorted[free] = sorted[free - 1];
        free -= 1;
    }
    sorted[free] = value;
}

/// The values of these ranks.
fn ranked<const N: usize>(sorted: &[u64], p: [u64; N]) -> [Option<u64>; N] {
    if sorted.is_empty() {
        return [None; N];
    }
    ranks(sorted.len() as u64, p).map(|rank| sorted.get(rank as usize - 1).copied())
}

impl Row {
    /// The buckets that hold something, and how much.
    fn counted(&self) -> impl Iterator<Item = (u16, u32)> {
        (self.first..).zip(self.counts.iter().copied()).filter(|&(_, n)| n > 0)
    }

    #[inline]
    fn count_many(&mut self, bucket: u16, times: u32) {
        self.n += u64::from(times);
        let at = usize::from(bucket.wrapping_sub(self.first));
        match self.counts.get_mut(at) {
            Some(n) if bucket >= self.first => *n = n.saturating_add(times),
            _ => self.grow(bucket, times),
        }
    }

    /// Counts a value outside the row.
    #[cold]
    fn grow(&mut self, bucket: u16, times: u32) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = self.first - bucket;
            self.counts.splice(0..0, std::iter::repeat_n(0, usize::from(more)));
            self.first = bucket;
        }
        let at = usize::from(bucket - self.first);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(n) = self.counts.get_mut(at) {
            *n = n.saturating_add(times);
        }
    }

    fn percentiles<const N: usize>(&self, p: [u64; N]) -> [Option<u64>; N] {
        let (mut passed, mut buckets) = (0, (self.first..).zip(&self.counts));
        let mut bucket = self.first;
        ranks(self.n, p).map(|rank| {
            while passed < rank
                && let Some((next, &n)) = buckets.next()
            {
                passed += u64::from(n);
                bucket = next;
            }
            Some(buckets::middle(bucket))
        })
    }
}

/// The logarithmic buckets: 0 holds 0, b > 0 the values in (g^(b-2), g^(b-1)].
mod buckets {
    use std::sync::LazyLock;

    /// Ratio of the bounds of a bucket: representing it by their harmonic middle errs by at most (g - 1)/(g + 1) < 1 %.
    const GAMMA: f64 = 1.02;
    /// Leading bits of a value that lead to its bucket: the values that share them lie in three buckets at most.
    const LEADING: u32 = 5;

    /// Taking a logarithm costs more than everything else that is done with a sample.
    struct Table {
        /// Largest value of each bucket.
        upper: Vec<u64>,
        /// The bucket of the smallest value with these leading bits.
        start: Vec<u16>,
    }

    /// Up to here a number and its neighbours are told apart by their logarithms: half a year of nanoseconds.
    const TABLED: u64 = 1 << 53;

    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let last = by_logarithm(TABLED);
        let upper: Vec<u64> = (0..=last).map(largest_in).collect();
        let mut bucket = 0;
        let first_of = |cell| {
            let smallest = smallest_in(cell);
            while upper.get(usize::from(bucket)).is_some_and(|&upper| upper < smallest) {
                bucket += 1;
            }
            bucket
        };
        let start = (0..=cell(TABLED)).map(first_of).collect();
        Table { upper, start }
    });

    /// The largest value of a bucket.
    fn largest_in(bucket: u16) -> u64 {
        if bucket == 0 {
            return 0;
        }
        // Rounding may put the bound on the wrong side, by less than this.
        let bound = GAMMA.powi(i32::from(bucket) - 1);
        let (mut inside, mut outside) = ((bound * (1.0 - 1e-12)) as u64, (bound * (1.0 + 1e-12)) as u64 + 1);
        while outside - inside > 1 {
            let middle = inside + (outside - inside) / 2;
            if by_logarithm(middle) <= bucket {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        inside
    }

    fn by_logarithm(value: u64) -> u16 {
        if value == 0 { 0 } else { ((value as f64).ln() / GAMMA.ln()).ceil() as u16 + 1 }
    }

    /// Values with the same highest bit and the same [`LEADING`] bits behind it share a cell.
    fn cell(value: u64) -> usize {
        let top = 63 - (value | 1).leading_zeros();
        if top <= LEADING {
            return value as usize;
        }
        let bits = (value >> (top - LEADING)) as usize & ((1 << LEADING) - 1);
        ((top - LEADING + 1) as usize) << LEADING | bits
    }

    fn smallest_in(cell: usize) -> u64 {
        let row = (cell >> LEADING) as u32;
        if row <= 1 {
            return cell as u64;
        }
        ((1 << LEADING | (cell & ((1 << LEADING) - 1))) as u64) << (row - 1)
    }

    /// The bucket of a value.
    #[inline]
    pub fn of(value: u64) -> u16 {
        if value > TABLED {
            return by_logarithm(value);
        }
        let table = &*TABLE;
        let mut bucket = table.start.get(cell(value)).copied().unwrap_or(0);
        while table.upper.get(usize::from(bucket)).is_some_and(|&upper| value > upper) {
            bucket += 1;
        }
        bucket
    }

    /// What stands for the values of a bucket.
    pub fn middle(bucket: u16) -> u64 {
        if bucket == 0 {
            return 0;
        }
        let upper = GAMMA.powi(i32::from(bucket) - 1);
        (2.0 * upper / (GAMMA + 1.0)).round() as u64
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_table_agrees_with_the_logarithm() {
            let mut value = 1u64;
            for i in 0..200_000u64 {
                value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i | 1);
                let v = value >> (i % 64);
                assert_eq!(of(v), by_logarithm(v), "{v}");
            }
            for v in (0..100_000).chain([u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1]) {
                assert_eq!(of(v), by_logarithm(v), "{v}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_agree_with_the_definition() {
        let mut m = Moments::default();
        for v in [2, 4, 4, 4, 5, 5, 7, 9] {
            m.add(v);
        }
        assert_eq!((m.min(), m.max(), m.mean()), (Some(2), Some(9), Some(5.0)));
        let sd = m.stddev().unwrap();
        assert!((sd - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn few_values_give_exact_percentiles() {
        let mut q = Quantiles::default();
        for v in 1..=10 {
            q.add(v);
        }
        assert_eq!((q.percentile(50), q.percentile(95), q.percentile(1)), (Some(5), Some(10), Some(1)));
        assert_eq!(Quantiles::default().percentile(50), None);
        for n in 1..=Quantiles::EXACT {
            let mut sorted: Vec<u64> = (0..n as u64).map(|i| i * 37 % 23).collect();
            let found = of_few(n, sorted.clone().into_iter(), [1, 50, 95, 99, 100]);
            sorted.sort_unstable();
            let exact = [1, 50, 95, 99, 100].map(|p| sorted.get((p * n).div_ceil(100) - 1).copied());
            assert_eq!(found, exact, "{n}");
        }
    }

    #[test]
    fn values_in_a_row_count_as_often_as_they_came() {
        for series in
            [vec![0; 70], [vec![7; 40], vec![0; 20], vec![7; 4]].concat(), [vec![9; 64], vec![0; 60]].concat()]
        {
            let (mut runs, mut n) = (Quantiles::default(), 0);
            let mut sorted = series.clone();
            for &value in &series {
                runs.add(value);
                n += 1;
                assert_eq!(runs.count_all(), n);
            }
            let mut times = Quantiles::default();
            series.chunk_by(|a, b| a == b).for_each(|run| times.add_times(run[0], run.len() as u32));
            assert_eq!(times, runs);
            sorted.sort_unstable();
            for p in [1, 25, 50, 75, 100] {
                let exact = sorted[(p as usize * sorted.len()).div_ceil(100) - 1];
                assert_eq!(runs.percentile(p), Some(exact), "p{p} of {} values", sorted.len());
            }
        }
    }

    #[test]
    fn two_series_together_are_one() {
        for lengths in [(10, 60), (70, 3), (200, 300), (0, 65)] {
            let (mut parts, mut whole) = ([Quantiles::default(), Quantiles::default()], Quantiles::default());
            for i in 0..lengths.0 + lengths.1 {
                let value = i * i % 7_919 + 100;
                parts[usize::from(i >= lengths.0)].add(value);
                whole.add(value);
            }
            let [one, other] = &parts;
            for together in [one.together(other), other.together(one)] {
                assert_eq!(together.count_all(), whole.count_all());
                assert_eq!(together.percentiles([1, 25, 50, 95, 100]), whole.percentiles([1, 25, 50, 95, 100]));
            }
        }
    }

    #[test]
    fn many_values_err_by_one_percent_at_most() {
        let mut q = Quantiles::default();
        let values: Vec<u64> = (1..=50_000u64).map(|i| i * i % 7_919_317 + 1_000).collect();
        for &v in &values {
            q.add(v);
        }
        let mut sorted = values;
        sorted.sort_unstable();
        for p in [1, 25, 50, 95, 99, 100] {
            let want = sorted[(p * sorted.len()).div_ceil(100) - 1] as f64;
            let got = q.percentile(p as u64).unwrap() as f64;
            assert!((got - want).abs() <= 0.0101 * want, "p{p}: {got} for {want}");
        }
    }
}

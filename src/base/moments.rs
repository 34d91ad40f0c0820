//! Statistics in bounded memory: mean and variance, and quantiles with a known error.

/// Count, minimum, maximum, mean and variance of a series, by Welford's method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: u64,
    min: i64,
    max: i64,
    mean: f64,
    m2: f64,
}

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
        self.mean += delta / self.n as f64;
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantiles {
    exact: Vec<u64>,
    buckets: Vec<(u16, u32)>,
    n: u64,
}

impl Quantiles {
    /// So many values are kept as they are.
    pub const EXACT: usize = 64;
    /// Ratio of the bounds of a bucket: representing it by their harmonic middle errs by at most (g - 1)/(g + 1) < 1 %.
    const GAMMA: f64 = 1.02;

    /// Takes one value.
    pub fn add(&mut self, value: u64) {
        self.n += 1;
        if self.buckets.is_empty() {
            if self.exact.len() < Self::EXACT {
                self.exact.push(value);
                return;
            }
            for v in std::mem::take(&mut self.exact) {
                self.count(v);
            }
        }
        self.count(value);
    }

    /// How many values there were.
    pub const fn count_all(&self) -> u64 {
        self.n
    }

    /// The value of rank ⌈p·n/100⌉ (nearest rank), `p` in 1..=100.
    pub fn percentile(&self, p: u64) -> Option<u64> {
        if self.n == 0 {
            return None;
        }
        let rank = (p * self.n).div_ceil(100).clamp(1, self.n);
        if self.buckets.is_empty() {
            let mut sorted = self.exact.clone();
            sorted.sort_unstable();
            return sorted.get(rank as usize - 1).copied();
        }
        let mut passed = 0;
        for &(bucket, n) in &self.buckets {
            passed += u64::from(n);
            if passed >= rank {
                return Some(Self::middle(bucket));
            }
        }
        self.buckets.last().map(|&(bucket, _)| Self::middle(bucket))
    }

    fn count(&mut self, value: u64) {
        let bucket = Self::bucket(value);
        match self.buckets.binary_search_by_key(&bucket, |&(b, _)| b) {
            Ok(i) => {
                if let Some((_, n)) = self.buckets.get_mut(i) {
                    *n = n.saturating_add(1);
                }
            }
            Err(i) => self.buckets.insert(i, (bucket, 1)),
        }
    }

    /// Bucket 0 holds 0, bucket b > 0 the values in (g^(b-2), g^(b-1)].
    fn bucket(value: u64) -> u16 {
        if value == 0 { 0 } else { ((value as f64).ln() / Self::GAMMA.ln()).ceil() as u16 + 1 }
    }

    fn middle(bucket: u16) -> u64 {
        if bucket == 0 {
            return 0;
        }
        let upper = Self::GAMMA.powi(i32::from(bucket) - 1);
        (2.0 * upper / (Self::GAMMA + 1.0)).round() as u64
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

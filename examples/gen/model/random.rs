//! Random numbers that depend on the seed only.

/// SplitMix64: a counter and a mixer, good enough for workloads, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// The mixer of SplitMix64: neighbours become unrelated.
pub fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Random {
    /// The `stream`th of the independent sequences of a seed: each connection has its own, so that none depends on how they interleave.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ 0x6765_6e65_7261_7465).wrapping_add(mix(stream.wrapping_mul(0xd134_2543_de82_ef95))))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform in `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform between 0 and 1, neither included.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// True with that probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponentially distributed.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    /// Heavy-tailed: at least `least`, and the smaller `shape`, the longer the tail.
    pub fn pareto(&mut self, least: f64, shape: f64) -> f64 {
        least / self.unit().powf(1.0 / shape)
    }

    /// A rank in `0..ranks` with a probability of about one over it: a few clients and servers have most of the connections.
    pub fn zipf(&mut self, ranks: u64) -> u64 {
        let rank = ((ranks as f64 + 1.0).ln() * self.unit()).exp() - 1.0;
        (rank as u64).min(ranks - 1)
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

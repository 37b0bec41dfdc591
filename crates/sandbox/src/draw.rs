//! Reproducible draws. Written out (`SplitMix64`) instead of taken from a crate, because a crate
//! may change its sequence between versions and with it every answer of the sandbox.

/// A sequence of draws that depends on nothing but what it was made from.
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

/// What a sequence is for, so that two topics of one number do not echo each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic {
    Taxpayer = 1,
    Address,
    Person,
    Representatives,
    Activity,
    Withholding,
    GoodTaxpayer,
    Rates,
    Latency,
    Fault,
}

impl Draw {
    pub(crate) fn new(seed: u64, topic: Topic, subject: u64) -> Draw {
        let mixed = mix(seed ^ mix(topic as u64));
        Draw(mix(mixed ^ subject))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to `bound - 1`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let scaled = (u128::from(self.word()) * (bound as u128)) >> 64;
        usize::try_from(scaled).expect("smaller than the bound, which is a usize")
    }

    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high - low + 1).expect("ranges are written low to high");
        low + i64::try_from(self.below(width)).expect("smaller than the width, which is an i64")
    }

    pub(crate) fn chance(&mut self, per_thousand: usize) -> bool {
        self.below(1000) < per_thousand
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Between 0 and 1, both excluded.
    pub(crate) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.word() >> 32).expect("32 bits are left");
        (f64::from(high) + 0.5) / 4_294_967_296.0
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

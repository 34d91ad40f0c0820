//! Options that some connections to a service negotiate and others do not, as if something on the way removed them.
//!
//! What counts is what was negotiated: a client that does not offer an option looks the same as one whose offer was removed. So it is only
//! told where the same client got everything at one time and nothing at another, or where a client has SACK and no window scale, which no
//! common system asks for. It errs where several hosts of different kinds share an address (NAT), and it is blind where an option is
//! removed for all clients alike.

use std::collections::BTreeMap;

use super::sighting::{Attempt, Cases, Sighting};
use crate::base::Endpoint;
use crate::base::human::{count, counted};
use crate::findings::finding::{Figure, Finding, Subject};
use crate::findings::registry::Code;

/// Fewer connections may be chance.
const MANY: u64 = 3;
/// More clients of a service are not told apart.
const CLIENTS: usize = 64;

/// What one client got.
#[derive(Clone, Copy, Debug, Default)]
struct Got {
    /// SACK, window scale and timestamps.
    all: bool,
    /// None of them.
    nothing: bool,
}

/// What the clients of one service negotiated.
#[derive(Debug, Default)]
pub struct Options {
    clients: BTreeMap<[u8; 16], Got>,
    all: u64,
    bare: Cases,
    /// SACK without a window scale.
    unscaled: Cases,
}

impl Options {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let handshake = &sighting.summary.handshake;
        let (Some(sack), Some(timestamps), Attempt::Succeeded) =
            (handshake.sack, handshake.timestamps, sighting.attempt())
        else {
            return;
        };
        let scaled = handshake.window_scale.iter().any(Option::is_some);
        let known = self.clients.len() < CLIENTS || self.clients.contains_key(&sighting.client.addr);
        let mut nothing = Got::default();
        let got = if known { self.clients.entry(sighting.client.addr).or_default() } else { &mut nothing };
        match (sack, scaled, timestamps) {
            (true, true, true) => {
                got.all = true;
                self.all += 1;
            }
            (false, false, false) => {
                got.nothing = true;
                self.bare.add(sighting, || format!("{}: no SACK, no window scale, no timestamps", sighting.client));
            }
            (true, false, _) => {
                self.unscaled.add(sighting, || format!("{}: SACK, but no window scale", sighting.client))
            }
            _ => {}
        }
    }

    /// Clients that got all at one time and nothing at another.
    fn fickle(&self) -> u64 {
        self.clients.values().filter(|got| got.all && got.nothing).count() as u64
    }

    fn which(&self) -> Option<&Cases> {
        if self.all < MANY {
            return None;
        }
        if self.bare.count >= MANY && self.fickle() > 0 {
            return Some(&self.bare);
        }
        (self.unscaled.count >= MANY).then_some(&self.unscaled)
    }

    pub fn is_raised(&self) -> bool {
        self.which().is_some()
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        let cases = self.which()?;
        let (first, last) = cases.span();
        let what = match self.fickle() {
            0 => "SACK, but no window scale".to_owned(),
            n => format!("no options, though {} of the same address had them all", counted(n, "client")),
        };
        Some(Finding {
            code: Code::OptionsStripped,
            subject: Subject::Service(service),
            connections: cases.count,
            first,
            last,
            figures: vec![
                Figure::count("without_options", self.bare.count),
                Figure::count("without_window_scale", self.unscaled.count),
                Figure::count("with_all_options", self.all),
                Figure::count("clients_with_both", self.fickle()),
            ],
            sentence: format!(
                "{} to {service} negotiated {what}; {} got everything: something on the way may remove TCP options.",
                counted(cases.count, "connection"),
                count(self.all),
            ),
            evidence: cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    /// Client 1 has options, and the last part of `bare` has none.
    fn clients(bare: u8) -> Vec<Code> {
        let mut scene = Scene::default();
        for n in 0..12u16 {
            let host = if n < 6 { 1 } else { bare };
            let mut one = scene.client([10, 0, 0, host], 40_000 + n).at_ms(i64::from(n) * 1_000);
            if n >= 6 {
                let handshake = &mut one.summary.handshake;
                (handshake.sack, handshake.timestamps) = (Some(false), Some(false));
                handshake.window_scale = [None; 2];
            }
            one.request();
        }
        codes(&scene.findings()).into_iter().filter(|code| *code == Code::OptionsStripped).collect()
    }

    #[test]
    fn a_client_with_and_without_options_is_told_and_a_plain_one_is_not() {
        assert_eq!(clients(1), [Code::OptionsStripped]);
        assert_eq!(clients(2), []);
    }
}

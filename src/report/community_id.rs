//! Community ID v1: one name for a five-tuple, the same in every tool (<https://github.com/corelight/community-id-spec>).

use std::net::IpAddr;

use super::value::ShortText;
use crate::base::Endpoint;

/// The seed: 0 unless a site chose another, and then its tools would not agree with ours.
const SEED: [u8; 2] = [0, 0];
const TCP: u8 = 6;

/// The Community ID of a TCP connection between two endpoints, in either order.
pub fn community_id(a: Endpoint, b: Endpoint) -> ShortText {
    // IPv4 is kept mapped, all with the same first bytes, so that the order of endpoints is that of their bytes on the wire.
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut hash = sha1_smol::Sha1::new();
    hash.update(&SEED);
    for end in [low, high] {
        match end.ip() {
            IpAddr::V4(ip) => hash.update(&ip.octets()),
            IpAddr::V6(ip) => hash.update(&ip.octets()),
        }
    }
    hash.update(&[TCP, 0]);
    hash.update(&low.port.to_be_bytes());
    hash.update(&high.port.to_be_bytes());
    let mut id = ShortText::new();
    id.push(b'1');
    id.push(b':');
    push_base64(&mut id, &hash.digest().bytes());
    id
}

/// Appends `bytes` in base 64 (RFC 4648 4), padded.
fn push_base64(out: &mut ShortText, bytes: &[u8]) {
    for group in bytes.chunks(3) {
        let mut bits = 0u32;
        for i in 0..3 {
            bits = bits << 8 | u32::from(group.get(i).copied().unwrap_or(0));
        }
        for i in 0..4 {
            let sextet = (bits >> (18 - 6 * i) & 0x3f) as u8;
            out.push(if i <= group.len() { letter(sextet) } else { b'=' });
        }
    }
}

const fn letter(sextet: u8) -> u8 {
    match sextet {
        0..=25 => b'A' + sextet,
        26..=51 => b'a' + sextet - 26,
        52..=61 => b'0' + sextet - 52,
        62 => b'+',
        _ => b'/',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        match ip.parse().unwrap() {
            IpAddr::V4(ip) => Endpoint::v4(ip.octets(), port),
            IpAddr::V6(ip) => Endpoint::v6(ip.octets(), port),
        }
    }

    #[test]
    fn agrees_with_other_tools() {
        // The first is the example of the specification, the second Zeek's; the others follow from the specification.
        let vectors = [
            ("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            ("1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM="),
            ("2001:db8::1", 51234, "2001:db8::2", 443, "1:9uYrWIZVUQ4q6eZiwMFdEIUGAoo="),
            ("10.0.0.1", 443, "10.0.0.1", 80, "1:ha3Gdb1ffmoH0pMumBteoAOl/+U="),
        ];
        for (ip, port, peer, peer_port, want) in vectors {
            let (a, b) = (endpoint(ip, port), endpoint(peer, peer_port));
            assert_eq!(community_id(a, b).as_str(), want);
            assert_eq!(community_id(b, a).as_str(), want);
        }
    }

    #[test]
    fn base64_pads() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            let mut out = ShortText::new();
            push_base64(&mut out, plain.as_bytes());
            assert_eq!(out.as_str(), coded);
        }
    }
}

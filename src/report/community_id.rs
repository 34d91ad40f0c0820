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
    ShortText::of(&text_of(hash.digest().bytes()))
}

/// `1:` and the digest in base 64 (RFC 4648 4), padded.
fn text_of(digest: [u8; 20]) -> [u8; 30] {
    let mut text = [b'='; 30];
    let (version, code) = text.split_at_mut(2);
    version.copy_from_slice(b"1:");
    // Zeros behind the digest fill the last sextet; the character of their own gives way to the padding.
    let mut padded = [0; 21];
    padded[..20].copy_from_slice(&digest);
    for (letters, bytes) in code.as_chunks_mut::<4>().0.iter_mut().zip(padded.as_chunks::<3>().0) {
        let [a, b, c] = bytes.map(u32::from);
        let bits = a << 16 | b << 8 | c;
        *letters = [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 0x3f) as usize]);
    }
    text[29] = b'=';
    text
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
}

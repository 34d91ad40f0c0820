//! Community ID v1: one name for a five-tuple, the same in every tool (<https://github.com/corelight/community-id-spec>).

use sha1::block_api::compress;

use super::value::ShortText;
use crate::base::Endpoint;

/// The seed, which the message begins with: 0 unless a site chose another, and then its tools would not agree with ours.
const SEED: [u8; 2] = [0, 0];
const TCP: u8 = 6;

/// The Community ID of a TCP connection between two endpoints, in either order.
pub fn community_id(a: Endpoint, b: Endpoint) -> ShortText {
    // IPv4 is kept mapped, all with the same first bytes, so that the order of endpoints is that of their bytes on the wire.
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let block = if a.is_v4() && b.is_v4() { block_of::<4>(&low, &high) } else { block_of::<16>(&low, &high) };
    ShortText::of(&text_of(sha1_of(&block)))
}

/// The message of addresses of so many octets, as the one block that SHA-1 takes it for. What stands behind the message is constant.
#[inline(always)]
fn block_of<const OCTETS: usize>(low: &Endpoint, high: &Endpoint) -> [u8; 64] {
    let (mut block, mut at) = ([0; 64], 0);
    let mut put = |bytes: &[u8]| {
        block[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&SEED);
    for endpoint in [low, high] {
        // An IPv4 address is the last octets of its mapped form.
        put(endpoint.addr.last_chunk::<OCTETS>().unwrap_or(&[0; OCTETS]));
    }
    put(&[TCP, 0]);
    for endpoint in [low, high] {
        put(&endpoint.port.to_be_bytes());
    }
    put(&[0x80]);
    let message = at - 1;
    block[56..].copy_from_slice(&(8 * message as u64).to_be_bytes());
    block
}

/// SHA-1 (FIPS 180-4) of a message that fills one block with its padding.
fn sha1_of(block: &[u8; 64]) -> [u32; 5] {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    compress(&mut state, std::slice::from_ref(block));
    state
}

/// `1:` and the digest in base 64 (RFC 4648 4), padded.
fn text_of(digest: [u32; 5]) -> [u8; 30] {
    let [a, b, c, d, e] = digest.map(u64::from);
    // Zeros behind the digest fill the last sextet.
    let code = [a << 16 | b >> 16, b << 32 | c, d << 16 | e >> 16, e << 32].map(letters_of);
    let mut text = [b'='; 30];
    let (version, padded) = text.split_at_mut(2);
    version.copy_from_slice(b"1:");
    padded[..LETTERS].copy_from_slice(&code.as_flattened()[..LETTERS]);
    text
}

/// Letters of a digest: each stands for six of its bits.
const LETTERS: usize = (20_usize * 8).div_ceil(6);

/// The letters of the lower 48 bits, all eight at once: each byte of a number stands for one of them.
#[inline(always)]
const fn letters_of(bits: u64) -> [u8; 8] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let halves = bits >> 24 << 32 & 0x00ff_ffff_0000_0000 | bits & 0x00ff_ffff;
    let quarters = halves << 4 & 0x0fff_0000_0fff_0000 | halves & 0x0000_0fff_0000_0fff;
    let sextets = quarters << 2 & 0x3f00_3f00_3f00_3f00 | quarters & 0x003f_003f_003f_003f;
    // A carry into the highest bit of a byte tells that its sextet is so large.
    let [small, digit, plus, slash] = [
        (sextets + (0x80 - 26) * EACH) >> 7 & EACH,
        (sextets + (0x80 - 52) * EACH) >> 7 & EACH,
        (sextets + (0x80 - 62) * EACH) >> 7 & EACH,
        (sextets + (0x80 - 63) * EACH) >> 7 & EACH,
    ];
    // How far apart the runs of letters are: from `Z` to `a`, from `z` to `0`, from `9` to `+`, from `+` to `/`.
    const GAPS: [u64; 4] =
        [(b'a' - b'Z' - 1) as u64, (b'z' - b'0' + 1) as u64, (b'9' - b'+' + 1) as u64, (b'/' - b'+' - 1) as u64];
    let [to_small, to_digit, to_plus, to_slash] = GAPS;
    let letters =
        sextets + b'A' as u64 * EACH + to_small * small + to_slash * slash - to_digit * digit - to_plus * plus;
    letters.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        match ip.parse().unwrap() {
            IpAddr::V4(ip) => Endpoint::v4(ip.octets(), port),
            IpAddr::V6(ip) => Endpoint::v6(ip.octets(), port),
        }
    }

    #[test]
    fn every_sextet_has_its_letter() {
        let all: String = (0..8)
            .map(|i| (0..8).fold(0, |bits, k| bits << 6 | (8 * i + k)))
            .flat_map(letters_of)
            .map(char::from)
            .collect();
        assert_eq!(all, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
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

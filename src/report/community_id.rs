//! Community ID v1: one name for a five-tuple, the same in every tool (<https://github.com/corelight/community-id-spec>).

use sha1::block_api::compress;

use super::room::put_all;
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
    let mut block = [0; 64];
    let mut at = put_all(&mut block, 0, &SEED);
    for endpoint in [low, high] {
        // An IPv4 address is the last octets of its mapped form.
        at = put_all(&mut block, at, endpoint.addr.last_chunk::<OCTETS>().unwrap_or(&[0; OCTETS]));
    }
    at = put_all(&mut block, at, &[TCP, 0]);
    for endpoint in [low, high] {
        at = put_all(&mut block, at, &endpoint.port.to_be_bytes());
    }
    put_all(&mut block, at, &[0x80]);
    put_all(&mut block, 56, &(8 * at as u64).to_be_bytes());
    block
}

/// SHA-1 (FIPS 180-4) of a message that fills one block with its padding.
fn sha1_of(block: &[u8; 64]) -> [u8; 20] {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    compress(&mut state, std::slice::from_ref(block));
    let mut digest = [0; 20];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = u32::to_be_bytes(word);
    }
    digest
}

/// `1:` and the digest in base 64 (RFC 4648 4), padded.
fn text_of(digest: [u8; 20]) -> [u8; 30] {
    let mut text = [b'='; 30];
    let (version, code) = text.split_at_mut(2);
    version.copy_from_slice(b"1:");
    // Zeros behind the digest fill the last sextet; the character of their own gives way to the padding.
    let mut padded = [0; 21];
    padded[..20].copy_from_slice(&digest);
    for (letters, &[a, b, c]) in code.as_chunks_mut::<4>().0.iter_mut().zip(padded.as_chunks::<3>().0) {
        let bits = (u32::from(a) << 16) | (u32::from(b) << 8) | u32::from(c);
        *letters = [letter(bits >> 18), letter(bits >> 12), letter(bits >> 6), letter(bits)];
    }
    text[29] = b'=';
    text
}

/// The character of the last sextet.
#[inline(always)]
const fn letter(bits: u32) -> u8 {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    LETTERS[(bits & 0x3f) as usize]
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

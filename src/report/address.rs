//! IP addresses as text: IPv4 in dotted decimal, IPv6 as RFC 5952 has it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::room::{Room, put_block, put_byte};

/// Every octet in decimal with a dot behind it, and how long that is.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([0; 4], 0); 256];
    let mut n = 0;
    while n < 256 {
        let [c, b, a] = [b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        octets[n] = match n {
            0..=9 => ([a, b'.', 0, 0], 2),
            10..=99 => ([b, a, b'.', 0], 3),
            _ => ([c, b, a, b'.'], 4),
        };
        n += 1;
    }
    octets
};

/// Puts an address.
pub fn put_address(room: &mut Room, at: usize, address: IpAddr) -> usize {
    match address {
        IpAddr::V4(ip) => put_v4(room, at, ip),
        IpAddr::V6(ip) => put_v6(room, at, ip),
    }
}

fn put_v4(room: &mut Room, mut at: usize, address: Ipv4Addr) -> usize {
    for octet in address.octets() {
        let (text, len) = OCTETS[usize::from(octet)];
        at = put_block(room, at, &text, usize::from(len));
    }
    // The last has no dot behind it.
    at - 1
}

fn put_v6(room: &mut Room, mut at: usize, address: Ipv6Addr) -> usize {
    if let Some(v4) = address.to_ipv4_mapped() {
        at = put_block(room, at, b"::ffff:", 7);
        return put_v4(room, at, v4);
    }
    let groups = address.segments();
    let (start, len) = longest_zeros(&groups);
    for (i, &group) in groups.iter().enumerate() {
        if i == start && len > 0 {
            at = put_block(room, at, b"::", 2);
        }
        if (start..start + len).contains(&i) {
            continue;
        }
        if i > 0 && i != start + len {
            at = put_byte(room, at, b':');
        }
        at = put_group(room, at, group);
    }
    at
}

/// Where the first of the longest runs of zeros begins, and how long it is; a single zero is no run.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((usize::MAX / 2, 0), 0);
    for (i, &group) in groups.iter().enumerate() {
        run = if group == 0 { run + 1 } else { 0 };
        if run > best.1.max(1) {
            best = (i + 1 - run, run);
        }
    }
    best
}

/// Puts a group in hexadecimal, without leading zeros.
fn put_group(room: &mut Room, at: usize, group: u16) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u32| DIGITS[usize::from(group >> shift & 0xf)];
    let text = [digit(12), digit(8), digit(4), digit(0)];
    let zeros = (group | 1).leading_zeros() / 4;
    let text = u32::from_le_bytes(text) >> (8 * zeros);
    put_block(room, at, &text.to_le_bytes(), 4 - zeros as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::room::text_of;
    use proptest::prelude::*;

    fn text(address: IpAddr) -> String {
        text_of(|room, at| put_address(room, at, address))
    }

    #[test]
    fn addresses_are_those_of_the_rfc() {
        for address in
            ["::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "::ffff:10.0.0.1", "::a.b"]
                .iter()
                .filter_map(|text| text.parse::<IpAddr>().ok())
        {
            assert_eq!(text(address), address.to_string());
        }
        assert_eq!(text("2001:DB8:0:0:1:0:0:1".parse().unwrap()), "2001:db8::1:0:0:1");
        assert_eq!(text("1:0:0:2::".parse().unwrap()), "1:0:0:2::");
    }

    proptest! {
        #[test]
        fn addresses_are_those_of_the_library(v4: u32, groups: [u16; 8], mask: u8) {
            prop_assert_eq!(text(Ipv4Addr::from_bits(v4).into()), Ipv4Addr::from_bits(v4).to_string());
            // Without a mask there would hardly be a zero.
            let masked = std::array::from_fn(|i| if mask >> i & 1 == 1 { 0 } else { groups[i] >> (groups[i] % 16) });
            for groups in [groups, masked] {
                let address = Ipv6Addr::from_segments(groups);
                prop_assert_eq!(text(address.into()), address.to_string());
            }
        }
    }
}

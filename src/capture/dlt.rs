//! libpcap's own numbers for link types (`DLT_`), where they differ from those in files (`LINKTYPE_`).
//!
//! They differ between systems too; files have one number everywhere.

use super::LinkType;

const OPENBSD: bool = cfg!(target_os = "openbsd");

/// Link types with two numbers: that of files, and that of libpcap on this system.
const DIFFERENT: &[(u16, i32)] = &[
    (100, 11),                                                    // ATM, RFC 1483
    (101, if OPENBSD { 14 } else { 12 }),                         // raw IP
    (102, if cfg!(target_os = "freebsd") { 13 } else { 15 }),     // SLIP of BSD/OS
    (103, if cfg!(target_os = "freebsd") { 14 } else { 16 }),     // PPP of BSD/OS
    (106, 19),                                                    // classical IP over ATM
    (108, if OPENBSD { 12 } else { 108 }),                        // loopback of OpenBSD
    (109, if OPENBSD { 13 } else { 109 }),                        // IPsec of OpenBSD
    (258, if cfg!(target_vendor = "apple") { 149 } else { 258 }), // PKTAP
];

/// libpcap's number for a link type of a file.
pub(super) fn dlt_of(link: LinkType) -> i32 {
    DIFFERENT.iter().find(|(file, _)| *file == link.0).map_or(i32::from(link.0), |(_, dlt)| *dlt)
}

/// The link type that libpcap calls `dlt`.
pub(super) fn link_of(dlt: i32) -> LinkType {
    let same = || u16::try_from(dlt).unwrap_or(u16::MAX);
    LinkType(DIFFERENT.iter().find(|(_, other)| *other == dlt).map_or_else(same, |(file, _)| *file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_ip_has_another_number_in_libpcap() {
        assert_ne!(dlt_of(LinkType::RAW), 101);
        for link in [LinkType::RAW, LinkType::ETHERNET, LinkType::NULL, LinkType::LOOP, LinkType::LINUX_SLL2] {
            assert_eq!(link_of(dlt_of(link)), link);
        }
    }
}

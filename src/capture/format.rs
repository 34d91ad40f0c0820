//! What kind of file it is, by its first bytes; and if it is none that can be read, what it is instead.

use super::error::{ErrorKind, InputName};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The classic format of tcpdump, in one of its variants.
    Pcap,
    /// The block format of Wireshark.
    Pcapng,
}

/// A section header block of pcapng, the same in both byte orders.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// First bytes of compressed files, the name of the method, and the command that decompresses to a pipe.
const COMPRESSED: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip", "zcat"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstdcat"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4cat"),
    (b"\x02\x21\x4c\x18", "lz4", "lz4cat"),
    (b"\xfd7zXZ\0", "xz", "xzcat"),
    (b"BZh", "bzip2", "bzcat"),
    (b"PK\x03\x04", "zip", "unzip -p"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so"),
    (b"\x1f\x9d", "compress", "zcat"),
];

/// First bytes of other capture formats; Wireshark's editcap converts all of them.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "a snoop capture"),
    (b"btsnoop\0", "a Bluetooth btsnoop capture"),
    (b"RTSS", "a Microsoft Network Monitor 1 capture"),
    (b"GMBU", "a Microsoft Network Monitor 2 capture"),
    (b"TRSNIFF data", "a DOS Sniffer capture"),
    (b"XCP\0", "a NetXRay or Windows Sniffer capture"),
    (b"iptrace ", "an AIX iptrace capture"),
    (b"\x54\x52\x00\x64\x00", "an HP-UX nettl trace"),
    (b"\x7fver", "a Savvius Peek capture"),
    (b"ObserverPktBuffer", "a Network Instruments Observer capture"),
    (b"\xac\x01\x00\x1c", "an IXIA capture"),
    (b"\xab\x01\x00\x1c", "an IXIA capture"),
];

/// Magic numbers of pcap as they stand in a little-endian and in a big-endian file.
const PCAP: &[[u8; 4]] = &[
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x34, 0xcd, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xcd, 0x34],
];

/// The format of an input that begins with `bytes`, of which there should be some dozens if the input has so many.
///
/// # Errors
/// It is none that can be read; the error says what it is instead, and what to do about it.
pub(super) fn recognise(bytes: &[u8], name: &InputName) -> Result<Format, ErrorKind> {
    if bytes.starts_with(&PCAPNG) {
        return Ok(Format::Pcapng);
    }
    if PCAP.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(Format::Pcap);
    }
    if let Some((_, method, command)) = COMPRESSED.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        let remedy = match name {
            InputName::Stdin => format!("… | {command} | tcplens -"),
            _ => format!("{command} {} | tcplens -", shell_word(name)),
        };
        return Err(ErrorKind::Compressed { method, remedy });
    }
    if let Some((_, found)) = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        let remedy = match name {
            InputName::Stdin => "convert it first: … | editcap -F pcap - - | tcplens -".to_owned(),
            _ => format!("convert it first: editcap -F pcap {} - | tcplens -", shell_word(name)),
        };
        return Err(ErrorKind::NotACapture { found: (*found).to_owned(), remedy });
    }
    Err(unknown(bytes))
}

/// What is there, as far as a person can use it.
fn unknown(bytes: &[u8]) -> ErrorKind {
    let mut remedy = String::new();
    let head = bytes.get(..bytes.len().min(24)).unwrap_or(&[]);
    let found = if bytes.is_empty() {
        "nothing: it is empty".to_owned()
    } else if is_text(bytes) {
        "if it is what a capture program printed, let it write packets instead: tcpdump -w FILE, tshark -w FILE"
            .clone_into(&mut remedy);
        let line = head.split(|&b| b == b'\n' || b == b'\r').find(|line| !line.is_empty()).unwrap_or(&[]);
        format!("text ('{}…')", String::from_utf8_lossy(line).replace('\t', " "))
    } else {
        let hex: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!("bytes {}{}", hex.join(" "), if bytes.len() > 8 { " …" } else { "" })
    };
    ErrorKind::NotACapture { found, remedy }
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().take(64).all(|&b| b.is_ascii_graphic() || matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// A file name as one word of a shell command.
fn shell_word(name: &InputName) -> String {
    let name = name.to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:=@%".contains(c);
    if name.chars().all(plain) { name } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn refusal(bytes: &[u8], name: &str) -> String {
        recognise(bytes, &InputName::of(Path::new(name))).unwrap_err().to_string()
    }

    #[test]
    fn a_compressed_file_is_told_how_to_be_read() {
        assert_eq!(
            refusal(b"\x1f\x8b\x08\0\0\0", "day 1.pcap.gz"),
            "compressed with gzip: decompress it first, e.g. zcat 'day 1.pcap.gz' | tcplens -"
        );
        assert!(refusal(b"\x28\xb5\x2f\xfd\0", "a.zst").contains("zstdcat a.zst | tcplens -"));
        assert!(refusal(b"\xfd7zXZ\0", "-").contains("… | xzcat | tcplens -"));
        assert!(refusal(b"\x04\x22\x4d\x18", "a").contains("lz4cat"));
    }

    #[test]
    fn a_foreign_capture_is_told_how_to_be_converted() {
        assert_eq!(
            refusal(b"snoop\0\0\0\0\0\0\x02", "a.snoop"),
            "not a capture file: expected pcap or pcapng, found a snoop capture; \
             convert it first: editcap -F pcap a.snoop - | tcplens -"
        );
    }

    #[test]
    fn anything_else_is_described() {
        let text = refusal(b"12:00:01.5 IP 10.0.0.1.80 > 10.0.0.2.4000: Flags [S]\n", "a.txt");
        assert!(text.contains("found text ('12:00:01.5 IP 10.0.0.1.8…'); if it is what"), "{text}");
        assert!(refusal(b"\x7fELF\x02\x01\x01\0\0", "a").ends_with("found bytes 7f 45 4c 46 02 01 01 00 …"));
        assert!(refusal(b"", "a").ends_with("found nothing: it is empty"));
        assert!(refusal(b"\xd4\xc3", "a").ends_with("found bytes d4 c3"));
    }
}

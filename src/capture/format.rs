//! What kind of file it is, by its first bytes; and if it is none that can be read, what it is instead.

use super::compressed::Method;
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

/// First bytes of compressed files of other methods than [`Method`] has, the name of the method, and the command that
/// decompresses to a pipe.
const COMPRESSED: &[(&[u8], &str, &str)] = &[
    (b"\x02\x21\x4c\x18", "the old format of lz4", "lz4cat"),
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
/// `packed`: how the input is compressed, of which `bytes` are what is in it.
///
/// # Errors
/// It is none that can be read; the error says what it is instead, and what to do about it.
pub(super) fn recognise(bytes: &[u8], name: &InputName, packed: Option<Method>) -> Result<Format, ErrorKind> {
    if bytes.starts_with(&PCAPNG) {
        return Ok(Format::Pcapng);
    }
    if PCAP.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(Format::Pcap);
    }
    if let Some((method, command)) = compression(bytes) {
        return Err(match packed {
            None => ErrorKind::Compressed { method: method.to_owned(), remedy: piped(command, name) },
            Some(outer) => ErrorKind::Compressed {
                method: format!("{method}, and once more with {}", outer.name()),
                remedy: piped(&format!("{} | {command}", outer.command()), name),
            },
        });
    }
    let known = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic));
    let (mut found, remedy) = match known {
        Some((_, found)) => {
            let remedy = match name {
                InputName::Stdin => "convert it first: … | editcap -F pcap - - | tcplens -".to_owned(),
                _ => format!("convert it first: editcap -F pcap {} - | tcplens -", shell_word(name)),
            };
            ((*found).to_owned(), remedy)
        }
        None => unknown(bytes),
    };
    if let Some(outer) = packed {
        found = format!("in the {} compression {found}", outer.name());
    }
    Err(ErrorKind::NotACapture { found, remedy })
}

/// The method by which bytes are compressed, and the command that decompresses them.
fn compression(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let readable = Method::of(bytes).map(|method| (method.name(), method.command()));
    let other = || COMPRESSED.iter().find(|(magic, ..)| bytes.starts_with(magic)).map(|one| (one.1, one.2));
    readable.or_else(other)
}

/// A command line that sends an input through `command`, which takes a file and writes to a pipe.
pub(super) fn piped(command: &str, name: &InputName) -> String {
    match name {
        InputName::Stdin => format!("… | {command} | tcplens -"),
        // The file belongs to the first of several commands.
        _ => match command.split_once(" | ") {
            Some((first, rest)) => format!("{first} {} | {rest} | tcplens -", shell_word(name)),
            None => format!("{command} {} | tcplens -", shell_word(name)),
        },
    }
}

/// What is there, as far as a person can use it; and what to do about it.
fn unknown(bytes: &[u8]) -> (String, String) {
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
    (found, remedy)
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
        recognise(bytes, &InputName::of(Path::new(name)), None).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_another_compression_is_told_how_to_be_read() {
        assert_eq!(
            refusal(b"BZh91AY", "day 1.pcap.bz2"),
            "compressed with bzip2: decompress it first, e.g. bzcat 'day 1.pcap.bz2' | tcplens -"
        );
        assert!(refusal(b"PK\x03\x04", "a.zip").contains("unzip -p a.zip | tcplens -"));
        assert!(refusal(b"7z\xbc\xaf\x27\x1c", "-").contains("… | 7z x -so | tcplens -"));
        assert!(refusal(b"\x02\x21\x4c\x18", "a").contains("lz4cat"));
    }

    #[test]
    fn what_is_in_a_compressed_file_is_told_with_it() {
        let refusal = |bytes: &[u8], name: &str| {
            recognise(bytes, &InputName::of(Path::new(name)), Some(Method::Gzip)).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(b"\x28\xb5\x2f\xfd", "a b.gz"),
            "compressed with zstd, and once more with gzip: decompress it first, \
             e.g. zcat 'a b.gz' | zstdcat | tcplens -"
        );
        assert!(refusal(b"BZh", "-").contains("… | zcat | bzcat | tcplens -"));
        assert!(refusal(b"snoop\0\0\0", "a.gz").contains("found in the gzip compression a snoop capture; convert"));
        assert!(refusal(b"some text", "a.gz").contains("found in the gzip compression text ('some text…')"));
        assert!(refusal(b"", "a.gz").ends_with("found in the gzip compression nothing: it is empty"));
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

//! One step of a script as the bytes of a frame, checksum included.

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const ACK: u8 = 0x10;

pub const CLIENT: usize = 0;
pub const SERVER: usize = 1;

/// One packet. Sequence numbers count from the SYN.
#[derive(Default)]
pub struct Step {
    /// Nanoseconds since the SYN, and those of the packet whose timestamp it echoes.
    pub at: i64,
    pub echo: Option<i64>,
    pub from: usize,
    pub flags: u8,
    pub seq: u32,
    pub ack: u32,
    pub len: u32,
    pub sack: Option<(u32, u32)>,
}

/// What is between Ethernet and TCP.
#[derive(Clone, Copy, PartialEq)]
pub enum Stack {
    V4,
    VlanV4,
    V6,
}

/// Replaces `out` by the frame.
pub fn write_frame(out: &mut Vec<u8>, stack: Stack, connection: u32, step: &Step, at: i64) {
    out.clear();
    out.extend_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    if stack == Stack::VlanV4 {
        out.extend_from_slice(&[0x81, 0, 0, 12]);
    }
    let segment = tcp_segment(connection, step, at);
    let [client, server] = [[10, (connection >> 14) as u8, (connection >> 6) as u8, connection as u8], [192, 0, 2, 1]];
    let (from, to) = if step.from == CLIENT { (client, server) } else { (server, client) };
    let len = segment.len() as u16;
    let addresses = match stack {
        Stack::V6 => {
            let v6 = |v4: [u8; 4]| [[0x20, 1, 0xd, 0xb8], [0; 4], [0; 4], v4].concat();
            out.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
            out.extend_from_slice(&[len.to_be_bytes(), [6, 64]].concat());
            [v6(from), v6(to)].concat()
        }
        Stack::V4 | Stack::VlanV4 => {
            out.extend_from_slice(&[8, 0, 0x45, 0]);
            let ident = (at / 1_000) as u16 | 1;
            out.extend_from_slice(
                &[(len + 20).to_be_bytes(), ident.to_be_bytes(), [0x40, 0], [64, 6], [0, 0]].concat(),
            );
            [from, to].concat()
        }
    };
    out.extend_from_slice(&addresses);
    let tcp_at = out.len();
    out.extend_from_slice(&segment);
    let sum = checksum(&[&addresses, &[0, 6], &len.to_be_bytes(), &segment]);
    out[tcp_at + 16..tcp_at + 18].copy_from_slice(&sum.to_be_bytes());
}

fn tcp_segment(connection: u32, step: &Step, at: i64) -> Vec<u8> {
    let (client, server) = (32_768 + (connection % 28_000) as u16, 443u16);
    let (from, to) = if step.from == CLIENT { (client, server) } else { (server, client) };
    let isn = [connection.wrapping_mul(0x9e37_79b9), connection.wrapping_mul(0x85eb_ca6b)];
    let ms = |at: i64| ((at / 1_000_000) as u32).to_be_bytes();
    let begun = at - step.at;
    let mut options = if step.flags & SYN != 0 { vec![2, 4, 5, 180, 4, 2, 1, 3, 3, 7] } else { Vec::new() };
    options.resize(options.len().next_multiple_of(4), 1);
    options.extend_from_slice(&[1, 1, 8, 10]);
    options.extend_from_slice(&[ms(at), step.echo.map_or([0; 4], |echo| ms(begun + echo))].concat());
    if let Some((left, right)) = step.sack {
        let edge = |offset| isn[1 - step.from].wrapping_add(offset).to_be_bytes();
        options.extend_from_slice(&[1, 1, 5, 10]);
        options.extend_from_slice(&[edge(left), edge(right)].concat());
    }
    let ack = if step.flags & ACK != 0 { isn[1 - step.from].wrapping_add(step.ack) } else { 0 };
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend_from_slice(&isn[step.from].wrapping_add(step.seq).to_be_bytes());
    segment.extend_from_slice(&ack.to_be_bytes());
    segment.extend_from_slice(&[(5 + options.len() as u8 / 4) << 4, step.flags, 0x20, 0, 0, 0, 0, 0]);
    segment.extend_from_slice(&options);
    segment.resize(segment.len() + step.len as usize, 0x5a);
    segment
}

/// The Internet checksum; every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 = words.map(|w| u64::from(w[0]) << 8 | w.get(1).map_or(0, |&low| u64::from(low))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

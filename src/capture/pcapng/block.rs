//! The bodies of the blocks, as draft-ietf-opsawg-pcapng has them.

use super::super::buffer::ByteOrder;
use super::super::record::Record;
use super::super::{Drops, Frame, LinkType};
use super::MAX_BLOCK;
use super::clock::Clock;

/// A new section; the type reads the same in both byte orders (4.1).
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
/// 4.2
const INTERFACE_DESCRIPTION: u32 = 1;
/// Obsolete, still found (appendix A).
const PACKET: u32 = 2;
/// 4.4
const SIMPLE_PACKET: u32 = 3;
/// 4.6
const INTERFACE_STATISTICS: u32 = 5;
/// 4.3
const ENHANCED_PACKET: u32 = 6;

/// Options of an interface description.
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
/// Options of interface statistics.
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// An interface of a section.
pub(super) struct Interface {
    pub link: LinkType,
    /// At most so many bytes of a packet were captured; 0 for no limit.
    pub snaplen: u32,
    pub clock: Clock,
    /// The last statistics that were written of it.
    pub drops: Option<Drops>,
}

/// What a block says.
pub(super) enum Parsed {
    /// From here on interfaces count anew.
    Section,
    /// The next interface of the section.
    Interface(Interface),
    /// A packet: the record is about it now. Its place counts from the start of the body.
    Packet,
    /// Counters of an interface.
    Statistics(u32, Drops),
    /// Nothing that matters here.
    Other,
}

/// Reads the body of a block of type `kind`. `record` is about the packet before, and is written in place:
/// to return it would copy it before its parts are there, which costs a third of the time.
///
/// # Errors
/// What is wrong with a block whose fields contradict its length or the section.
#[inline]
pub(super) fn parse(
    kind: u32,
    body: &[u8],
    order: ByteOrder,
    interfaces: &[Interface],
    record: &mut Record,
) -> Result<Parsed, String> {
    match kind {
        ENHANCED_PACKET => packet(body, order, interfaces, order.u32(body, 0), record),
        PACKET => packet(body, order, interfaces, u32::from(order.u16(body, 0)), record),
        SIMPLE_PACKET => simple_packet(body, order, interfaces, record),
        SECTION_HEADER => section_header(body, order),
        INTERFACE_DESCRIPTION => interface_description(body, order),
        INTERFACE_STATISTICS => Ok(interface_statistics(body, order)),
        _ => Ok(Parsed::Other),
    }
}

/// Takes an enhanced packet block from the front of `rest`, if it is all there and nothing is wrong with it.
#[inline]
pub(super) fn enhanced<'a>(
    rest: &mut &'a [u8],
    word: impl Fn([u8; 4]) -> u32,
    interfaces: &[Interface],
    number: u64,
) -> Option<Frame<'a>> {
    const DATA: usize = 28;
    let (words, []) = rest.first_chunk::<DATA>()?.as_chunks::<4>() else { return None };
    let &[kind, length, id, high, low, captured, wire] = words else { return None };
    let (length, captured) = (word(length), word(captured));
    if word(kind) != ENHANCED_PACKET || length > MAX_BLOCK {
        return None;
    }
    let (block, behind) = rest.split_at_checked(length.next_multiple_of(4) as usize)?;
    let (block, &again) = block.split_last_chunk::<4>()?;
    let data = block.get(DATA..)?.get(..captured as usize)?;
    let interface = interfaces.get(word(id) as usize)?;
    if word(again) != length {
        return None;
    }
    *rest = behind;
    let ts = interface.clock.at(u64::from(word(high)) << 32 | u64::from(word(low)));
    Some(Frame { ts, number, link: interface.link, wire_len: word(wire).max(captured), data })
}

/// An enhanced or an obsolete packet block: they differ in the width of the interface number alone.
#[inline]
fn packet(
    body: &[u8],
    order: ByteOrder,
    interfaces: &[Interface],
    id: u32,
    record: &mut Record,
) -> Result<Parsed, String> {
    const DATA: usize = 20;
    let Some(head) = body.first_chunk::<DATA>() else { return Err(too_short("packet", body.len())) };
    let Some(interface) = interfaces.get(id as usize) else { return Err(unknown_interface(id)) };
    let ticks = u64::from(order.u32(head, 4)) << 32 | u64::from(order.u32(head, 8));
    let (captured, wire) = (order.u32(head, 12), order.u32(head, 16));
    let room = body.len() - DATA;
    if captured as usize > room {
        return Err(format!("a packet block claims {captured} captured bytes and has room for {room}"));
    }
    record.ts = interface.clock.at(ticks);
    record.link = interface.link;
    record.wire_len = wire.max(captured);
    record.at = DATA;
    record.captured = captured as usize;
    Ok(Parsed::Packet)
}

/// A simple packet block: no interface number, no captured length; and no time, so it keeps that of the packet before.
fn simple_packet(
    body: &[u8],
    order: ByteOrder,
    interfaces: &[Interface],
    record: &mut Record,
) -> Result<Parsed, String> {
    const DATA: usize = 4;
    if body.len() < DATA {
        return Err(too_short("simple packet", body.len()));
    }
    let Some(interface) = interfaces.first() else { return Err(unknown_interface(0)) };
    let wire = order.u32(body, 0);
    let limit = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
    record.link = interface.link;
    record.wire_len = wire;
    record.at = DATA;
    record.captured = (wire.min(limit) as usize).min(body.len() - DATA);
    Ok(Parsed::Packet)
}

fn section_header(body: &[u8], order: ByteOrder) -> Result<Parsed, String> {
    if body.len() < 16 {
        return Err(too_short("section header", body.len()));
    }
    // The length of the section follows; it may be unknown (-1) and is not needed.
    match order.u16(body, 4) {
        1 => Ok(Parsed::Section),
        major => Err(format!("pcapng version {major}.{} is unknown", order.u16(body, 6))),
    }
}

fn interface_description(body: &[u8], order: ByteOrder) -> Result<Parsed, String> {
    if body.len() < 8 {
        return Err(too_short("interface description", body.len()));
    }
    let mut clock = Clock::DEFAULT;
    for (code, value) in options(body, 8, order) {
        match (code, value.len()) {
            (IF_TSRESOL, 1..) => clock = clock.with_resolution(value.first().copied().unwrap_or(6)),
            (IF_TSOFFSET, 8..) => clock = clock.with_offset(order.u64(value, 0) as i64),
            _ => {}
        }
    }
    let link = LinkType::of_file(u32::from(order.u16(body, 0)));
    Ok(Parsed::Interface(Interface { link, snaplen: order.u32(body, 4), clock, drops: None }))
}

fn interface_statistics(body: &[u8], order: ByteOrder) -> Parsed {
    let (mut drops, mut any) = (Drops::default(), false);
    for (code, value) in options(body, 12, order) {
        let counter = match code {
            ISB_IFRECV => &mut drops.received,
            ISB_IFDROP => &mut drops.if_dropped,
            ISB_OSDROP => &mut drops.dropped,
            _ => continue,
        };
        if value.len() >= 8 {
            *counter = order.u64(value, 0);
            any = true;
        }
    }
    if any { Parsed::Statistics(order.u32(body, 0), drops) } else { Parsed::Other }
}

/// The options from `at` on, up to the end mark or the first that does not fit.
fn options(body: &[u8], at: usize, order: ByteOrder) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(at..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        if rest.len() < 4 {
            return None;
        }
        let (code, length) = (order.u16(rest, 0), usize::from(order.u16(rest, 2)));
        if code == 0 {
            return None;
        }
        let value = rest.get(4..4 + length)?;
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((code, value))
    })
}

#[cold]
fn too_short(what: &str, length: usize) -> String {
    format!("a {what} block of {length} bytes is too short to be one")
}

#[cold]
fn unknown_interface(id: u32) -> String {
    format!("a packet of interface {id}, which was not described")
}

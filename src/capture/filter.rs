//! Filters of packets, in the language of tcpdump (pcap-filter(7)), on frames of any source.

use super::LinkType;
use super::bpf::Program;
use super::dlt::dlt_of;
use super::error::{Error, ErrorKind, InputName};

/// A filter expression, with a program for each link type that it has met.
///
/// It sees a frame as libpcap would while capturing: bytes that are not captured do not match, but `len`, `less` and
/// `greater` compare the length on the wire, also of packets that are cut.
#[derive(Debug)]
pub struct Filter {
    expression: String,
    /// Few captures have more than two link types: a list is faster than a map. No program: no frame passes.
    programs: Vec<(LinkType, Option<Program>)>,
}

impl Filter {
    /// Checks an expression. An empty one passes every frame.
    ///
    /// # Errors
    /// It is wrong, whatever the link type; with what libpcap says about it.
    pub fn compile(expression: &str) -> Result<Self, Error> {
        let ethernet = compile(expression, LinkType::ETHERNET);
        let message = match ethernet {
            Ok(program) => {
                let programs = vec![(LinkType::ETHERNET, Some(program))];
                return Ok(Self { expression: expression.to_owned(), programs });
            }
            Err(message) => message,
        };
        // It may speak of what only another link layer has.
        let others = [
            LinkType::RAW,
            LinkType(105),
            LinkType(127),
            LinkType::LINUX_SLL,
            LinkType::LINUX_SLL2,
            LinkType(9),
            LinkType(117),
        ];
        if others.into_iter().any(|link| compile(expression, link).is_ok()) {
            return Ok(Self { expression: expression.to_owned(), programs: Vec::new() });
        }
        let kind = ErrorKind::Filter { expression: expression.to_owned(), message };
        Err(Error::new(InputName::All, kind))
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Whether a frame of `wire_len` bytes, of which `data` was captured, passes.
    ///
    /// # Errors
    /// The expression means nothing on this link type. It is said once for each link type, and then none of its frames passes.
    pub fn passes(&mut self, link: LinkType, wire_len: u32, data: &[u8]) -> Result<bool, Error> {
        if let Some((_, program)) = self.programs.iter().find(|(known, _)| *known == link) {
            return Ok(program.as_ref().is_some_and(|program| program.passes(data, wire_len)));
        }
        match compile(&self.expression, link) {
            Ok(program) => {
                let passes = program.passes(data, wire_len);
                self.programs.push((link, Some(program)));
                Ok(passes)
            }
            Err(message) => {
                self.programs.push((link, None));
                let kind = ErrorKind::FilterLink { expression: self.expression.clone(), link: link.0, message };
                Err(Error::new(InputName::All, kind))
            }
        }
    }
}

/// The program for frames of one link type, or libpcap's message.
fn compile(expression: &str, link: LinkType) -> Result<Program, String> {
    let handle = ::pcap::Capture::dead(::pcap::Linktype(dlt_of(link))).map_err(message_of)?;
    let program = handle.compile(expression, true).map_err(message_of)?;
    // The crate keeps the fields of an instruction to itself, but prints all four of them.
    let fields = program.get_instructions().iter().map(|instruction| fields_of(&instruction.to_string()));
    let fields = fields.collect::<Option<Vec<_>>>();
    fields
        .and_then(|fields| Program::new(fields.into_iter()))
        .ok_or_else(|| "libpcap made a program with unknown instructions of it".to_owned())
}

fn fields_of(instruction: &str) -> Option<(u16, u8, u8, u32)> {
    let mut words = instruction.split_whitespace();
    let code = words.next()?.parse().ok()?;
    let if_true = words.next()?.parse().ok()?;
    let if_false = words.next()?.parse().ok()?;
    let constant = words.next()?.parse().ok()?;
    words.next().is_none().then_some((code, if_true, if_false, constant))
}

/// What libpcap said, without the crate's prefix.
pub(super) fn message_of(error: ::pcap::Error) -> String {
    match error {
        ::pcap::Error::PcapError(message) => message,
        ::pcap::Error::InvalidInputString => "it has a null character in it".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;

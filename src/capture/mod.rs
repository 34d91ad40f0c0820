//! Bytes in, with their capture time and link type.
//!
//! [`open`] makes one [`Source`] of any number of capture files, `live::Live` one of a network interface.
//! Frames borrow their bytes from the source: nothing is copied or allocated per packet.

#[cfg(feature = "live")]
mod bpf;
mod buffer;
mod compressed;
#[cfg(feature = "live")]
mod dlt;
pub mod error;
mod files;
#[cfg(feature = "live")]
mod filter;
mod format;
mod input;
#[cfg(feature = "live")]
pub mod live;
mod means;
mod pcap;
mod pcapng;
mod read_ahead;
mod reader;
mod record;
#[cfg(test)]
mod samples;
mod stream;

pub use error::{Error, ErrorKind, InputName, Severity};
pub use files::{Files, OpenOptions, open, open_with};
#[cfg(feature = "live")]
pub use filter::Filter;

use crate::base::Timestamp;

/// The link layer of a frame: the `LINKTYPE_` value of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte protocol family in the byte order of the machine that captured.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// Raw IP, IPv4 or IPv6 by its version field.
    pub const RAW: LinkType = LinkType(101);
    /// OpenBSD loopback: a 4-byte protocol family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// Raw IPv4.
    pub const IPV4: LinkType = LinkType(228);
    /// Raw IPv6.
    pub const IPV6: LinkType = LinkType(229);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// The link type that a file header gives. The bits above the lowest 16 are about frame check sequences;
    /// 12 and 14 are what some systems wrote for raw IP before it had a number of its own.
    pub(crate) fn of_file(value: u32) -> LinkType {
        match value as u16 {
            12 | 14 => LinkType::RAW,
            other => LinkType(other),
        }
    }
}

/// One captured frame; its bytes are borrowed from the reader.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time.
    pub ts: Timestamp,
    /// Its number in the capture, from 1.
    pub number: u64,
    /// Link layer of `data`.
    pub link: LinkType,
    /// Length on the wire; at least as long as `data`.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
}

/// What a [`Source`] has to say when it is asked.
#[derive(Clone, Copy, Debug)]
pub enum Polled<'a> {
    /// The next frame.
    Frame(Frame<'a>),
    /// Nothing arrived for a while on a live source, and it is this late. Frames that are on their way may still
    /// carry a slightly earlier time.
    Idle(Timestamp),
    /// There is nothing more, and there will be nothing more.
    End,
}

/// Why [`Source::frames`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// As many frames as were wanted have been given.
    Enough,
    /// See [`Polled::Idle`].
    Idle(Timestamp),
    /// See [`Polled::End`].
    End,
}

/// Who gets the frames of a [`Source`]: some that follow each other, for a call for each would cost as much as reading it.
pub type Each<'a> = dyn FnMut(&[Frame<'_>]) + 'a;

/// Where frames come from, in the order of the capture.
pub trait Source {
    /// Gives `most` frames to `each`, one or some at a time, unless something else is to be said before. With many frames for a
    /// call, this costs less than [`Source::poll`], beside which it may be used.
    ///
    /// # Errors
    /// As [`Source::poll`]: the frames before the problem have been given.
    fn frames(&mut self, most: usize, each: &mut Each<'_>) -> Result<Pause, Error> {
        for _ in 0..most {
            match self.poll()? {
                Polled::Frame(frame) => each(&[frame]),
                Polled::Idle(now) => return Ok(Pause::Idle(now)),
                Polled::End => return Ok(Pause::End),
            }
        }
        Ok(Pause::Enough)
    }

    /// The next frame, or why there is none.
    ///
    /// # Errors
    /// One input has a problem: it ended too early, or was left out. The source is still good: the next call goes on
    /// with what is left, and says [`Polled::End`] when nothing is.
    fn poll(&mut self) -> Result<Polled<'_>, Error>;

    /// How many fractional digits of a second its times have: 6, or 9 as soon as any of its clocks is known to be finer
    /// than microseconds. A pcapng file describes its clocks as it goes: ask when the frames have been read.
    fn time_digits(&self) -> u8;

    /// How far it is.
    fn progress(&self) -> Progress;

    /// What was lost before it came here, if that is known: from the kernel for a live source,
    /// from what the capturing program noted for a pcapng file.
    fn kernel_drops(&mut self) -> Option<Drops>;

    /// How many frames a filter has kept back. They have their numbers all the same.
    fn filtered_out(&self) -> u64 {
        0
    }
}

/// How far a [`Source`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of its inputs that are done with.
    pub bytes_read: u64,
    /// Bytes of all its inputs, unless one is a pipe or an interface. A file that still grows can have more.
    pub bytes_total: Option<u64>,
}

/// Packets that were to be captured, and those of them that were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Packets that came to the capturing program's socket; whether the dropped ones are among them depends on the system.
    pub received: u64,
    /// Packets that the operating system dropped because its buffer was full.
    pub dropped: u64,
    /// Packets that the network interface or its driver dropped. In files that dumpcap wrote, all drops are here.
    pub if_dropped: u64,
}

impl Drops {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Drops) -> Drops {
        Drops {
            received: self.received.saturating_add(other.received),
            dropped: self.dropped.saturating_add(other.dropped),
            if_dropped: self.if_dropped.saturating_add(other.if_dropped),
        }
    }
}

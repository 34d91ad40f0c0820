//! Packets of a network interface as they come, through libpcap.
//!
//! This is the only place of the capture stage that looks at a wall clock: when the wire is silent, somebody has to say how late it is.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::pcap::{Active, Capture, Device, Precision};

use super::dlt::link_of;
use super::error::{Error, ErrorKind, InputName};
use super::filter::{Filter, message_of};
use super::{Drops, Frame, LinkType, Polled, Progress, Source};
use crate::base::Timestamp;

/// How an interface is captured from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Name of the interface; `any` is all of them, where the system has that.
    pub interface: String,
    /// So many bytes of every packet are captured.
    pub snaplen: u32,
    /// Packets that are not for this machine are captured too, if the interface sees them.
    pub promiscuous: bool,
    /// When nothing has arrived for so long, [`Polled::Idle`] is given out; and the stop flag is noticed at least this often.
    pub tick: Duration,
    /// Size of the kernel's buffer in bytes: what may arrive while nobody reads.
    pub buffer: u32,
    /// Only packets that pass this filter leave the kernel.
    pub filter: Option<String>,
}

impl LiveOptions {
    /// Room for Ethernet, two VLAN tags, IPv6 with 40 bytes of extensions and TCP with all options (162 bytes),
    /// and for a tunnel around that (VXLAN over IPv4: 50 bytes, over IPv6: 70).
    pub const SNAPLEN: u32 = 256;
    /// Some eighty thousand packets: what a million a second bring in 80 ms.
    pub const BUFFER: u32 = 32 << 20;

    /// The usual way: headers only, promiscuous, a tick of 200 ms, no filter.
    pub fn on(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            snaplen: Self::SNAPLEN,
            promiscuous: true,
            tick: Duration::from_millis(200),
            buffer: Self::BUFFER,
            filter: None,
        }
    }
}

/// A running capture of an interface.
pub struct Live {
    /// In non-blocking mode: since version 1.10, libpcap on Linux waits for a packet however long it takes,
    /// whatever timeout it is given. So [`wait`] waits, and there are ticks on a silent wire.
    capture: Capture<Active>,
    interface: String,
    link: LinkType,
    /// Nanoseconds in a unit of the fraction that libpcap gives.
    fraction: i64,
    tick: Duration,
    number: u64,
    bytes: u64,
    /// The current frame, and its bytes: the headers are copied, which costs less than to look twice whether there is one.
    time: Timestamp,
    wire_len: u32,
    data: Vec<u8>,
    stop: Arc<AtomicBool>,
    ended: bool,
    drops: Drops,
    /// libpcap's counters when they were last read. They have 32 bits and start anew.
    counted: [u32; 3],
}

impl Live {
    /// Opens an interface. As soon as `stop` is true, the source says [`Polled::End`].
    ///
    /// # Errors
    /// The filter is wrong, the interface does not exist, or it may not be captured from.
    pub fn open(options: &LiveOptions, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        if let Some(filter) = &options.filter {
            Filter::compile(filter)?;
        }
        let fail = |kind| Error::new(InputName::Interface(options.interface.clone()), kind);
        let nanos = has_nanoseconds(&options.interface);
        let mut opened = activate(options, options.promiscuous && options.interface != "any", nanos);
        if matches!(&opened, Err(message) if message.to_lowercase().contains("promiscuous mode not supported")) {
            opened = activate(options, false, nanos);
        }
        let mut capture = opened.map_err(|message| fail(explain(&options.interface, message)))?;
        if let Some(filter) = &options.filter {
            capture
                .filter(filter, true)
                .map_err(|error| fail(ErrorKind::Filter { expression: filter.clone(), message: message_of(error) }))?;
        }
        Ok(Self {
            link: link_of(capture.get_datalink().0),
            capture,
            interface: options.interface.clone(),
            fraction: if nanos { 1 } else { 1_000 },
            tick: options.tick,
            number: 0,
            bytes: 0,
            time: Timestamp::default(),
            wire_len: 0,
            data: Vec::new(),
            stop,
            ended: false,
            drops: Drops::default(),
            counted: [0; 3],
        })
    }

    /// Link layer of its frames.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Adds to the counters what happened since they were last read.
    fn count(&mut self) {
        let Ok(stat) = self.capture.stats() else { return };
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let [received, dropped, if_dropped] = std::array::from_fn(|i| {
            let (now, before) = (now.get(i).copied(), self.counted.get(i).copied());
            u64::from(now.unwrap_or(0).wrapping_sub(before.unwrap_or(0)))
        });
        self.counted = now;
        self.drops = self.drops.plus(Drops { received, dropped, if_dropped });
    }
}

impl Source for Live {
    fn poll(&mut self) -> Result<Polled<'_>, Error> {
        let mut waited = false;
        loop {
            if self.ended || self.stop.load(Ordering::Relaxed) {
                return Ok(Polled::End);
            }
            match self.capture.next_packet() {
                Ok(packet) => {
                    let time = packet.header.ts;
                    self.time = Timestamp::from_parts(wide(time.tv_sec), wide(time.tv_usec) * self.fraction);
                    self.wire_len = packet.header.len.max(packet.header.caplen);
                    self.data.clear();
                    self.data.extend_from_slice(packet.data);
                    break;
                }
                Err(::pcap::Error::TimeoutExpired) if waited => return Ok(Polled::Idle(now())),
                Err(::pcap::Error::TimeoutExpired) => waited = !wait(&self.capture, self.tick),
                Err(::pcap::Error::NoMorePackets) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    let kind = ErrorKind::LiveEnded { frames: self.number, message: message_of(error) };
                    return Err(Error::new(InputName::Interface(self.interface.clone()), kind));
                }
            }
        }
        self.number += 1;
        self.bytes += self.data.len() as u64;
        // Often enough that the 32 bits of the counters are never exceeded in between.
        if self.number.is_multiple_of(1 << 20) {
            self.count();
        }
        let (ts, number, link, wire_len) = (self.time, self.number, self.link, self.wire_len);
        Ok(Polled::Frame(Frame { ts, number, link, wire_len, data: &self.data }))
    }

    fn time_digits(&self) -> u8 {
        if self.fraction == 1 { 9 } else { 6 }
    }

    fn progress(&self) -> Progress {
        Progress { bytes_read: self.bytes, bytes_total: None }
    }

    fn kernel_drops(&mut self) -> Option<Drops> {
        self.count();
        Some(self.drops)
    }
}

/// A number of C as wide as ours; how wide it is there depends on the system.
fn wide(number: impl Into<i64>) -> i64 {
    number.into()
}

/// A started capture, or libpcap's message.
fn activate(options: &LiveOptions, promiscuous: bool, nanos: bool) -> Result<Capture<Active>, String> {
    let capacity = i32::try_from(options.buffer).unwrap_or(i32::MAX);
    let snaplen = i32::try_from(options.snaplen.max(1)).unwrap_or(i32::MAX);
    let tick = i32::try_from(options.tick.as_millis()).unwrap_or(i32::MAX).max(1);
    // Immediate mode: packets come one by one in slots of the snaplen (TPACKET_V2), not in blocks that hold whole packets.
    Capture::from_device(options.interface.as_str())
        .map_err(message_of)?
        .snaplen(snaplen)
        .promisc(promiscuous)
        .immediate_mode(true)
        .timeout(tick)
        .buffer_size(capacity)
        .precision(if nanos { Precision::Nano } else { Precision::Micro })
        .open()
        .and_then(Capture::setnonblock)
        .map_err(message_of)
}

/// Waits until there is something to read, at most `tick`; says whether there is. A signal ends the wait early.
#[cfg(unix)]
fn wait(capture: &Capture<Active>, tick: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let tick = Timespec::try_from(tick).ok();
    poll(&mut [PollFd::new(capture, PollFlags::IN)], tick.as_ref()).is_ok_and(|ready| ready > 0)
}

/// Where there is nothing to wait for, looking again after a while has to do.
#[cfg(not(unix))]
fn wait(_capture: &Capture<Active>, tick: Duration) -> bool {
    std::thread::sleep(tick.min(Duration::from_millis(10)));
    false
}

/// Whether libpcap stamps packets of this interface with nanoseconds when asked to. It would ignore the wish silently,
/// and the crate cannot ask which of the two it became: so this says what libpcap's modules do.
fn has_nanoseconds(interface: &str) -> bool {
    let others = ["usbmon", "bluetooth", "dbus", "nflog", "nfqueue", "dag", "rdma", "dpdk", "netmap:"];
    cfg!(target_os = "linux") && !others.iter().any(|prefix| interface.starts_with(prefix))
}

/// Why an interface could not be opened, and what to do about it.
fn explain(interface: &str, message: String) -> ErrorKind {
    let known = interfaces().map(|all| all.into_iter().map(|one| one.name).collect::<Vec<_>>()).unwrap_or_default();
    let lower = message.to_lowercase();
    if !known.is_empty() && !known.iter().any(|name| name == interface) && lower.contains("no such device") {
        return ErrorKind::NoSuchInterface { known };
    }
    let signs = ["permission", "not permitted", "cap_net_", "access denied"];
    if signs.iter().any(|sign| lower.contains(sign)) {
        return ErrorKind::Permission { message, remedy: REMEDY };
    }
    if lower.contains("no such device") {
        return ErrorKind::NoSuchInterface { known };
    }
    ErrorKind::Live(message)
}

/// How a user gets the permission to capture.
const REMEDY: &str = if cfg!(target_os = "linux") {
    "sudo setcap cap_net_raw,cap_net_admin=eip $(command -v tcplens)"
} else {
    "give yourself access to the BPF devices (/dev/bpf*)"
};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_parts(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
}

/// A flag that becomes true on SIGINT (Ctrl-C) or SIGTERM. A second signal ends the process as if nobody had listened.
///
/// # Errors
/// The system refuses the handlers.
pub fn install_stop_signals() -> std::io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first action looks at the flag as it was before this signal.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// An interface that may be captured from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// What to call it.
    pub name: String,
    /// What it is, where the system says so.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// It is switched on.
    pub is_up: bool,
    /// It is connected.
    pub is_running: bool,
    /// It is the way from this machine to itself.
    pub is_loopback: bool,
}

/// The interfaces that libpcap knows, as it sorts them: the most promising first.
///
/// # Errors
/// libpcap cannot list them.
pub fn interfaces() -> Result<Vec<InterfaceInfo>, Error> {
    let devices = Device::list().map_err(|error| Error::new(InputName::All, ErrorKind::Live(message_of(error))))?;
    let info = |device: Device| InterfaceInfo {
        is_up: device.flags.is_up(),
        is_running: device.flags.is_running(),
        is_loopback: device.flags.is_loopback(),
        addresses: device.addresses.into_iter().map(|address| address.addr).collect(),
        name: device.name,
        description: device.desc,
    };
    Ok(devices.into_iter().map(info).collect())
}

#[cfg(test)]
mod tests;

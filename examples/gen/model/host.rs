//! One of the two hosts of a connection.

use super::MILLI;
use super::packet::{ACK, Ends, FIN, PSH, Packet, SYN};
use super::plan::Stack;
use super::random::Random;
use super::receiver::Receiver;
use super::sender::{Outgoing, Sender};

/// The window field of a SYN, which is never scaled.
const SYN_WINDOW: u16 = 64_240;

/// A host: both halves of its TCP, and the counters of its socket.
#[derive(Clone, Debug)]
pub struct Host {
    index: usize,
    pub sender: Sender,
    pub receiver: Receiver,
    /// A connection that it has not heard of, or that was reset.
    pub open: bool,
    /// An event for the timer is on the agenda.
    pub timeout_queued: bool,
    pub ack_queued: bool,
    /// Its network card sends nothing earlier.
    pub idle_from: u64,
    /// When its last packet came by the tap, and arrived.
    pub last_tap: u64,
    pub last_arrival: u64,
    ts_offset: u32,
    ip_id: u16,
}

impl Host {
    pub fn new(index: usize, ends: &Ends, stack: &Stack, random: &mut Random) -> Self {
        Self {
            index,
            sender: Sender::new(ends.full_segment(), ends.sack, (stack.least_cwnd, stack.most_cwnd)),
            receiver: Receiver::new(),
            open: false,
            timeout_queued: false,
            ack_queued: false,
            idle_from: 0,
            last_tap: 0,
            last_arrival: 0,
            ts_offset: ends.ts_offset[index],
            ip_id: random.bits() as u16,
        }
    }

    /// A packet without payload; the socket counts the packets that it sends in the IP ID, as on Linux.
    fn packet(&mut self, at: u64, flags: u8) -> Packet {
        self.ip_id = self.ip_id.wrapping_add(1);
        Packet {
            from: self.index as u8,
            flags,
            ip_id: self.ip_id,
            tsval: self.ts_offset.wrapping_add((at / MILLI) as u32),
            ..Packet::default()
        }
    }

    /// A SYN, or a SYN-ACK.
    pub fn syn(&mut self, at: u64, flags: u8) -> Packet {
        let (ack, tsecr) = if flags & ACK != 0 { (1, self.receiver.echo()) } else { (0, 0) };
        let mut packet = Packet { ack, tsecr, window: SYN_WINDOW, ..self.packet(at, SYN | flags) };
        if flags & ACK != 0 {
            // There is no full socket yet that could count.
            packet.ip_id = 0;
        }
        packet
    }

    /// A RST; where no socket sends it, its IP ID is 0.
    pub fn reset(&mut self, at: u64, flags: u8, from_socket: bool) -> Packet {
        let ack = if flags & ACK != 0 { self.receiver.next } else { 0 };
        let seq = if from_socket { self.sender.next_seq() } else { 0 };
        let mut packet = Packet { seq, ack, ..self.packet(at, flags) };
        if !from_socket {
            packet.ip_id = 0;
        }
        packet
    }

    /// A segment with data or a FIN.
    pub fn segment(&mut self, at: u64, ends: &Ends, outgoing: Outgoing) -> Packet {
        let push = if outgoing.push { PSH } else { 0 };
        let fin = if outgoing.fin { FIN } else { 0 };
        let mut packet = self.acknowledging(at, ends, ACK | push | fin);
        packet.seq = outgoing.seq;
        packet.len = outgoing.len;
        packet
    }

    /// An ACK and nothing else.
    pub fn pure_ack(&mut self, at: u64, ends: &Ends) -> Packet {
        let sacks = self.receiver.take_sacks(ends);
        Packet { seq: self.sender.next_seq(), sacks, ..self.acknowledging(at, ends, ACK) }
    }

    fn acknowledging(&mut self, at: u64, ends: &Ends, flags: u8) -> Packet {
        let (ack, tsecr) = (self.receiver.next, self.receiver.echo());
        let window = self.receiver.window_field(ends.window_scale[self.index]);
        self.receiver.acknowledged();
        Packet { ack, tsecr, window, ..self.packet(at, flags) }
    }
}

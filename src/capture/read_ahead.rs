//! A thread that reads ahead: it fills blocks of memory while the blocks before are parsed.
//!
//! A fixed number of blocks goes round between the two threads, so nothing is allocated on the way and the memory is
//! bounded. Each block keeps some room in front: of a record that straddles two blocks, only the part in the first one
//! has to be copied there.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Room in front of every block: for any record that holds one IP packet, and its headers.
const FRONT: usize = (64 << 10) + 512;

/// How a stream is read ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    /// Bytes in a block.
    pub size: usize,
    /// How many go round.
    pub count: usize,
    /// A block is handed over when it is full, and not as soon as something is in it: right for files, where the next
    /// bytes are never long in coming.
    pub full_only: bool,
}

/// Some bytes of the stream: those from `start` to `end`.
pub(super) struct Block {
    pub bytes: Vec<u8>,
    pub start: usize,
    pub end: usize,
}

/// What the thread has to say.
enum Message {
    Block(Block),
    Failed(io::Error),
    End,
}

/// The reading side of the thread. The thread ends at the end of its stream, or with the first block that nobody wants;
/// it is not waited for, because a read of a silent pipe may never return.
pub(super) struct ReadAhead {
    filled: Receiver<Message>,
    spare: Sender<Vec<u8>>,
    _permit: Permit,
}

impl ReadAhead {
    /// Starts to read.
    ///
    /// # Errors
    /// No thread can be had; the stream is given back.
    pub fn start(
        input: Box<dyn Read + Send>,
        blocks: Blocks,
        permit: Permit,
    ) -> Result<ReadAhead, Box<dyn Read + Send>> {
        let (spare, to_fill) = channel();
        let (fill, filled) = sync_channel(blocks.count);
        let (hand_over, handed_over) = channel::<Box<dyn Read + Send>>();
        for _ in 0..blocks.count.max(2) {
            // The receiver is in this function: it cannot fail.
            let _ = spare.send(Vec::new());
        }
        let body = move || {
            if let Ok(input) = handed_over.recv() {
                read_on(input, blocks, &to_fill, &fill);
            }
        };
        // The stream follows when the thread is there, or it would be lost with a thread that is not.
        match thread::Builder::new().name("read-ahead".to_owned()).spawn(body) {
            Ok(_) => hand_over.send(input).map_err(|lost| lost.0)?,
            Err(_) => return Err(input),
        }
        Ok(ReadAhead { filled, spare, _permit: permit })
    }

    /// The next block; none at the end of the stream. Waits for it.
    pub fn next(&mut self) -> io::Result<Option<Block>> {
        match self.filled.recv() {
            Ok(Message::Block(block)) => Ok(Some(block)),
            Ok(Message::Failed(error)) => Err(error),
            Ok(Message::End) => Ok(None),
            // It says when it is at the end; without that, the end is none.
            Err(_) => Err(io::Error::other("the thread that reads it has failed")),
        }
    }

    /// Gives back the memory of a block, or any other in its place.
    pub fn give_back(&self, bytes: Vec<u8>) {
        // At the end of the stream there is nobody to take it, and no need.
        let _ = self.spare.send(bytes);
    }
}

/// The thread.
fn read_on(mut input: Box<dyn Read + Send>, blocks: Blocks, to_fill: &Receiver<Vec<u8>>, fill: &SyncSender<Message>) {
    let size = FRONT + blocks.size;
    while let Ok(mut bytes) = to_fill.recv() {
        // What comes back may have grown for a large record.
        bytes.truncate(size);
        bytes.shrink_to(size);
        if bytes.is_empty() {
            bytes = vec![0; size];
        }
        bytes.resize(size, 0);
        let (end, last) = fill_block(&mut *input, &mut bytes, blocks.full_only);
        if end > FRONT && fill.send(Message::Block(Block { bytes, start: FRONT, end })).is_err() {
            return;
        }
        if let Some(last) = last {
            let _ = fill.send(last);
            return;
        }
    }
}

/// Reads into a block. Says up to where, and what came behind that if it was the last one.
fn fill_block(input: &mut dyn Read, bytes: &mut [u8], full_only: bool) -> (usize, Option<Message>) {
    let mut end = FRONT;
    while let Some(room) = bytes.get_mut(end..).filter(|room| !room.is_empty()) {
        match input.read(room) {
            Ok(0) => return (end, Some(Message::End)),
            Ok(n) => end += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (end, Some(Message::Failed(error))),
        }
        if !full_only && end > FRONT {
            break;
        }
    }
    (end, None)
}

/// How many threads may read ahead at the same time.
#[derive(Clone, Debug)]
pub(super) struct Permits(Arc<AtomicUsize>);

/// One of them; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<AtomicUsize>);

impl Permits {
    /// So many.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(count)))
    }

    /// One, if there is one left.
    pub fn take(&self) -> Option<Permit> {
        let less = |left: usize| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()?;
        Some(Permit(Arc::clone(&self.0)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(input: impl Read + Send + 'static, size: usize, full_only: bool) -> ReadAhead {
        let permit = Permits::new(1).take().unwrap();
        ReadAhead::start(Box::new(input), Blocks { size, count: 3, full_only }, permit).ok().unwrap()
    }

    #[test]
    fn the_bytes_come_in_order_and_the_memory_goes_round() {
        let all: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        let mut ahead = start(io::Cursor::new(all.clone()), 1_000, true);
        let mut seen = Vec::new();
        while let Some(block) = ahead.next().unwrap() {
            assert_eq!((block.start, block.end - block.start), (FRONT, 1_000));
            seen.extend_from_slice(&block.bytes[block.start..block.end]);
            ahead.give_back(block.bytes);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_pipe_hands_on_what_it_has() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut ahead = start(reader, 1_000, false);
        for piece in [&b"one"[..], b"and more"] {
            io::Write::write_all(&mut writer, piece).unwrap();
            let block = ahead.next().unwrap().unwrap();
            assert_eq!(&block.bytes[block.start..block.end], piece);
            ahead.give_back(block.bytes);
        }
        drop(writer);
        assert!(ahead.next().unwrap().is_none());
    }

    #[test]
    fn a_failure_comes_behind_the_bytes_before_it_and_a_panic_is_one() {
        struct Failing(usize, bool);
        impl Read for Failing {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 = self.0.saturating_sub(1);
                match (self.0, self.1) {
                    (0, true) => panic!("this one is expected"),
                    (0, false) => Err(io::Error::other("the disk is gone")),
                    _ => Ok(into.len().min(10)),
                }
            }
        }
        for (panics, says) in [(false, "the disk is gone"), (true, "has failed")] {
            let mut ahead = start(Failing(4, panics), 1_000, false);
            for _ in 0..3 {
                let block = ahead.next().unwrap().unwrap();
                assert_eq!(block.end - block.start, 10);
                ahead.give_back(block.bytes);
            }
            let error = ahead.next().err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn permits_come_back() {
        let permits = Permits::new(2);
        let (one, two) = (permits.take(), permits.take());
        assert!(one.is_some() && two.is_some() && permits.take().is_none());
        drop(one);
        assert!(permits.take().is_some());
    }
}

//! Capture files: pcap and pcapng, compressed or not.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};
use flate2::write::GzEncoder;

use super::model::frame::Written;
use super::model::link::Link;

/// 2026-01-01 00:00 UTC, in seconds: when the capture begins.
const EPOCH: u64 = 1_767_225_600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Pcap,
    Pcapng,
}

/// Where the bytes go.
enum Sink {
    Plain(Box<dyn Write>),
    Zstd(zstd::Encoder<'static, Box<dyn Write>>),
    Gzip(GzEncoder<Box<dyn Write>>),
}

/// Writes a capture file.
pub struct CaptureWriter {
    sink: BufWriter<Sink>,
    format: Format,
    nanos: bool,
    frames: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(out) => out.write(bytes),
            Sink::Zstd(out) => out.write(bytes),
            Sink::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(out) => out.flush(),
            Sink::Zstd(out) => out.flush(),
            Sink::Gzip(out) => out.flush(),
        }
    }
}

impl CaptureWriter {
    /// Creates the file; its name says how it is written. `-` is a plain pcap on standard output.
    pub fn create(path: &Path, link: Link, snaplen: usize, nanos: bool) -> anyhow::Result<Self> {
        let name = path.to_str().unwrap_or_default();
        let (stem, compression) = match name.rsplit_once('.') {
            Some((stem, suffix @ ("zst" | "gz"))) => (stem, Some(suffix)),
            _ => (name, None),
        };
        let format = match stem.rsplit_once('.') {
            _ if name == "-" => Format::Pcap,
            Some((_, "pcap")) => Format::Pcap,
            Some((_, "pcapng")) => Format::Pcapng,
            _ => bail!(
                "{}: the name has to end in .pcap or .pcapng, and then in .zst or .gz if it is to be compressed",
                path.display()
            ),
        };
        let plain: Box<dyn Write> = if name == "-" {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        };
        let sink = match compression {
            Some("zst") => Sink::Zstd(zstd::Encoder::new(plain, 3)?),
            Some(_) => Sink::Gzip(GzEncoder::new(plain, flate2::Compression::new(6))),
            None => Sink::Plain(plain),
        };
        let mut writer = Self { sink: BufWriter::with_capacity(1 << 20, sink), format, nanos, frames: 0 };
        writer.write_header(link, snaplen as u32)?;
        Ok(writer)
    }

    fn write_header(&mut self, link: Link, snaplen: u32) -> io::Result<()> {
        let number = u32::from(link.number());
        match self.format {
            Format::Pcap => {
                let magic = if self.nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
                self.words(&[magic, 2 | 4 << 16, 0, 0, snaplen, number])
            }
            Format::Pcapng => {
                // Section header: version 1.0, length unknown.
                self.words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28])?;
                // Interface description, with the resolution of its clock (`if_tsresol`).
                let digits = if self.nanos { 9 } else { 6 };
                self.words(&[1, 32, number, snaplen, 9 | 1 << 16, digits, 0, 32])
            }
        }
    }

    /// The next frame; `at`: nanoseconds since the capture began.
    pub fn write(&mut self, at: u64, frame: Written<'_>) -> io::Result<()> {
        self.frames += 1;
        let (captured, wire) = (frame.captured.len() as u32, frame.wire_len as u32);
        let unit = if self.nanos { 1 } else { 1_000 };
        let per_second = 1_000_000_000 / unit;
        let time = EPOCH * per_second + at / unit;
        match self.format {
            Format::Pcap => {
                self.words(&[(time / per_second) as u32, (time % per_second) as u32, captured, wire])?;
                self.sink.write_all(frame.captured)
            }
            Format::Pcapng => {
                let padding = captured.next_multiple_of(4) - captured;
                let total = 32 + captured + padding;
                self.words(&[6, total, 0, (time >> 32) as u32, time as u32, captured, wire])?;
                self.sink.write_all(frame.captured)?;
                self.sink.write_all(&[0; 3][..padding as usize])?;
                self.words(&[total])
            }
        }
    }

    fn words(&mut self, words: &[u32]) -> io::Result<()> {
        words.iter().try_for_each(|word| self.sink.write_all(&word.to_le_bytes()))
    }

    /// Writes what is still held back, and the end of a compressed file; returns the number of frames.
    pub fn finish(self) -> io::Result<u64> {
        let sink = self.sink.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut plain = match sink {
            Sink::Plain(plain) => plain,
            Sink::Zstd(encoder) => encoder.finish()?,
            Sink::Gzip(encoder) => encoder.finish()?,
        };
        plain.flush()?;
        Ok(self.frames)
    }
}

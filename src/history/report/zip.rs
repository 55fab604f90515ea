//! Writes zip archives as a stream: deflate, UTF-8 names, sizes after the data. As much of the format as a report needs.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use jiff::civil::DateTime;
use std::io::{self, Write};

/// Names are UTF-8; CRC and sizes follow the data.
const FLAGS: u16 = 0x0808;
const DEFLATE: u16 = 8;
/// Version 2.0, the first with deflate.
const VERSION: u16 = 20;
const BUFFER: usize = 16 << 10;

/// An archive that is being written.
pub struct ZipWriter<W: Write> {
    out: W,
    /// Bytes written to `out`.
    position: u64,
    stamp: u32,
    open: Option<Open>,
    directory: Vec<u8>,
    entries: u16,
}

/// The entry that is being written.
struct Open {
    name: String,
    start: u64,
    data_start: u64,
    crc: Crc,
    compress: Compress,
}

impl<W: Write> ZipWriter<W> {
    /// An archive whose entries all bear that local time.
    pub fn new(out: W, time: DateTime) -> ZipWriter<W> {
        let year = (i32::from(time.year()) - 1980).clamp(0, 127) as u32;
        let date = (year << 9) + ((time.month() as u32) << 5) + time.day() as u32;
        let clock = ((time.hour() as u32) << 11) + ((time.minute() as u32) << 5) + time.second() as u32 / 2;
        ZipWriter { out, position: 0, stamp: (date << 16) + clock, open: None, directory: Vec::new(), entries: 0 }
    }

    /// Ends the current entry and starts one. Names must differ; that is the caller's business.
    ///
    /// Errors: those of the writer, and `InvalidInput` for what the format cannot hold.
    pub fn start(&mut self, name: &str) -> io::Result<()> {
        self.end()?;
        let start = self.position;
        let mut header = b"PK\x03\x04".to_vec();
        put(&mut header, &[VERSION, FLAGS, DEFLATE]);
        header.extend(self.stamp.to_le_bytes());
        header.extend([0; 12]);
        put(&mut header, &[small(name.len())?, 0]);
        header.extend(name.as_bytes());
        self.raw(&header)?;
        let compress = Compress::new(Compression::new(4), false);
        self.open = Some(Open { name: name.into(), start, data_start: self.position, crc: Crc::new(), compress });
        Ok(())
    }

    /// Adds to the current entry.
    ///
    /// Errors: those of the writer, and `InvalidInput` when there is no entry.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.crc.update(bytes);
        }
        self.deflate(bytes, FlushCompress::None)
    }

    fn deflate(&mut self, mut bytes: &[u8], flush: FlushCompress) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(BUFFER);
        loop {
            let open = self.open.as_mut().ok_or_else(|| invalid("no entry"))?;
            let before = open.compress.total_in();
            let status = open.compress.compress_vec(bytes, &mut buffer, flush).map_err(io::Error::other)?;
            bytes = bytes.get((open.compress.total_in() - before) as usize..).unwrap_or(&[]);
            let was_full = buffer.len() == buffer.capacity();
            self.raw(&buffer)?;
            buffer.clear();
            let is_done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => bytes.is_empty() && !was_full,
            };
            if is_done {
                return Ok(());
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.open.is_none() {
            return Ok(());
        }
        self.deflate(&[], FlushCompress::Finish)?;
        let Some(open) = self.open.take() else { return Ok(()) };
        let mut sizes = open.crc.sum().to_le_bytes().to_vec();
        sizes.extend(large(self.position - open.data_start)?.to_le_bytes());
        sizes.extend(large(open.compress.total_in())?.to_le_bytes());
        self.raw(b"PK\x07\x08")?;
        self.raw(&sizes)?;

        let entry = &mut self.directory;
        entry.extend(b"PK\x01\x02");
        put(entry, &[VERSION, VERSION, FLAGS, DEFLATE]);
        entry.extend(self.stamp.to_le_bytes());
        entry.extend(sizes);
        put(entry, &[small(open.name.len())?, 0, 0, 0, 0, 0, 0]);
        entry.extend(large(open.start)?.to_le_bytes());
        entry.extend(open.name.as_bytes());
        self.entries = self.entries.checked_add(1).ok_or_else(|| invalid("too many entries"))?;
        Ok(())
    }

    /// Ends the archive.
    ///
    /// Errors: as with [`ZipWriter::start`].
    pub fn finish(mut self) -> io::Result<()> {
        self.end()?;
        let start = large(self.position)?;
        let directory = std::mem::take(&mut self.directory);
        self.raw(&directory)?;
        let mut tail = b"PK\x05\x06".to_vec();
        put(&mut tail, &[0, 0, self.entries, self.entries]);
        tail.extend(large(directory.len() as u64)?.to_le_bytes());
        tail.extend(start.to_le_bytes());
        put(&mut tail, &[0]);
        self.raw(&tail)?;
        self.out.flush()
    }

    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn put(to: &mut Vec<u8>, numbers: &[u16]) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn small(number: usize) -> io::Result<u16> {
    u16::try_from(number).map_err(|_| invalid("name too long"))
}

fn large(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| invalid("archive too large"))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Read;

    /// Names and contents of an archive, read by its directory; panics where it is broken.
    pub fn unzip(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
        let u16_at = |at: usize| u16::from_le_bytes(zip[at..at + 2].try_into().unwrap()) as usize;
        let u32_at = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap()) as usize;
        let tail = zip.len() - 22;
        assert_eq!(&zip[tail..tail + 4], b"PK\x05\x06");
        let mut at = u32_at(tail + 16);
        assert_eq!(at + u32_at(tail + 12), tail);
        let mut entries = Vec::new();
        for _ in 0..u16_at(tail + 10) {
            assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
            let (crc, packed, size, name_len) = (u32_at(at + 16), u32_at(at + 20), u32_at(at + 24), u16_at(at + 28));
            let local = u32_at(at + 42);
            let name = &zip[at + 46..at + 46 + name_len];
            assert_eq!(&zip[local..local + 4], b"PK\x03\x04");
            assert_eq!(&zip[local + 30..local + 30 + name_len], name);
            let data = local + 30 + name_len;
            let mut content = Vec::new();
            flate2::read::DeflateDecoder::new(&zip[data..data + packed]).read_to_end(&mut content).unwrap();
            let mut sum = Crc::new();
            sum.update(&content);
            assert_eq!((content.len(), sum.sum() as usize), (size, crc));
            assert_eq!(&zip[data + packed..data + packed + 4], b"PK\x07\x08");
            assert_eq!(&zip[data + packed + 4..data + packed + 16], &zip[at + 16..at + 28]);
            entries.push((String::from_utf8(name.to_vec()).unwrap(), content));
            at += 46 + name_len;
        }
        assert_eq!(at, tail);
        entries
    }

    #[test]
    fn entries_come_back() {
        let noise: Vec<u8> = (0u64..200_000).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
        let mut out = Vec::new();
        let mut zip = ZipWriter::new(&mut out, jiff::civil::date(2024, 5, 15).at(8, 30, 59, 0));
        zip.start("empty.csv").unwrap();
        zip.start("Wärme.csv").unwrap();
        for part in noise.chunks(777) {
            zip.write(part).unwrap();
        }
        zip.start("zeros").unwrap();
        zip.write(&vec![0; 1 << 20]).unwrap();
        zip.finish().unwrap();
        let wanted = [("empty.csv", vec![]), ("Wärme.csv", noise), ("zeros", vec![0; 1 << 20])];
        assert_eq!(unzip(&out), wanted.map(|(name, content)| (name.to_string(), content)));
        assert_eq!(out[10..14], [0xdd, 0x43, 0xaf, 0x58]); // 08:30:58, 2024-05-15
    }

    #[test]
    fn an_archive_may_be_empty() {
        let mut out = Vec::new();
        ZipWriter::new(&mut out, jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).finish().unwrap();
        assert_eq!(unzip(&out), []);
        assert!(ZipWriter::new(Vec::new(), jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).write(b"x").is_err());
    }
}

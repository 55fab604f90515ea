//! Unfinished averages over a restart: our own file, and the three that the reference server leaves behind.
//!
//! Both lie in the history root. The reference's `minute_temp.bin`, `hourly_temp.bin` and `daily_temp.bin` are read at the
//! first start after it and deleted; they are never written. Ours is saved now and then and at the end of a run, and stays until
//! it is replaced, so that a server that is killed soon after its start loses nothing. It is `unfinished_averages.bin`, version 2, big endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `EYELETUA` |
//! | 1 | version, 2 |
//! | the rest | zlib stream (RFC 1950, with its checksum) of what follows |
//! | 4 | number of owners; for each: e-mail, app name (each u16 length and UTF-8) |
//! | 4 | number of sums; for each 40 bytes: owner's place in the list above u32, project i32, device i32, pin type u8 (0 digital, 1 virtual, 2 analog), granularity u8 (0 minute, 1 hourly, 2 daily), pin i16, bucket i64 (minutes, hours or days since 1970), count u64, sum f64 |
//!
//! It may be older than what was written to history files after it, so a sum whose record is already there is dropped when it is
//! loaded.

use super::averages::Unfinished;
use super::files::HistoryFiles;
use super::java::{self, Object, Value};
use super::names::{FileId, Granularity, Owner, Pin, PinType};
use crate::model::json::Name;
use crate::store::atomic::{self, AtomicFile, PRIVATE};
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::Compression;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

const NAME: &str = "unfinished_averages.bin";
const MAGIC: &[u8; 8] = b"EYELETUA";
const VERSION: u8 = 2;
/// Largest temp file that is read, before and after decompression, bytes; about 800,000 sums of ours.
const SIZE_MAX: u64 = 32 << 20;

const PIN_TYPES: [PinType; 3] = [PinType::Digital, PinType::Virtual, PinType::Analog];

/// Reads all temp files, and deletes those of the reference. Damaged ones are logged and deleted.
pub fn load(files: &HistoryFiles) -> Vec<Unfinished> {
    let mut sums = Vec::new();
    for granularity in Granularity::ALL {
        let path = files.root().join(format!("{}_temp.bin", granularity.label()));
        sums.extend(load_file(&path, |bytes| parse_java(bytes, granularity)));
        remove(&path);
    }
    let own = |bytes: &[u8]| {
        let mut sums = parse(bytes).ok_or("damaged or of another version")?;
        sums.retain(|sum| !is_written(files, sum));
        Ok(sums)
    };
    let path = files.root().join(NAME);
    let kept = load_file(&path, own);
    if kept.is_empty() {
        remove(&path);
    }
    sums.extend(kept);
    sums
}

/// Keeps the sums for the next start, after everything finished was written. Returns how many bytes were written.
///
/// Errors: those of the file system.
pub fn save(files: &HistoryFiles, sums: &[Unfinished]) -> io::Result<usize> {
    let path = files.root().join(NAME);
    if sums.is_empty() {
        return atomic::remove(&path).map(|_| 0);
    }
    fs::create_dir_all(files.root())?;
    let bytes = encode(sums)?;
    let mut file = AtomicFile::create(&path, PRIVATE)?;
    file.write_all(&bytes)?;
    file.commit()?;
    Ok(bytes.len())
}

fn is_written(files: &HistoryFiles, sum: &Unfinished) -> bool {
    files.last_ms(&sum.file).is_some_and(|ms| ms >= sum.file.granularity.bucket_start(sum.bucket))
}

fn load_file(path: &Path, parse: impl Fn(&[u8]) -> Result<Vec<Unfinished>, String>) -> Vec<Unfinished> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    let sums = match File::open(path).and_then(|file| file.take(SIZE_MAX).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => Err(error.to_string()),
        Ok(_) => parse(&bytes),
    };
    match sums {
        Ok(sums) => {
            log::info!("history: {} unfinished averages taken over from {name}", sums.len());
            sums
        }
        Err(reason) => {
            log::warn!("history: {name} is dropped: {reason}");
            Vec::new()
        }
    }
}

fn remove(path: &Path) {
    if let Err(error) = atomic::remove(path) {
        log::warn!("history: cannot delete {}: {error}", path.display());
    }
}

fn encode(sums: &[Unfinished]) -> io::Result<Vec<u8>> {
    let mut numbers: HashMap<&Owner, u32> = HashMap::new();
    let mut owners = Vec::new();
    let mut entries = Vec::with_capacity(sums.len() * 40);
    let mut count: u32 = 0;
    for Unfinished { file, bucket, sum, count: values } in sums {
        let next = numbers.len() as u32;
        let number = *numbers.entry(&file.owner).or_insert_with(|| {
            put_text(&mut owners, &file.owner.email);
            put_text(&mut owners, &file.owner.app);
            next
        });
        count += 1;
        entries.extend(number.to_be_bytes());
        entries.extend(file.pin.dash.to_be_bytes());
        entries.extend(file.pin.device.to_be_bytes());
        entries.push(PIN_TYPES.iter().position(|t| *t == file.pin.pin_type).unwrap_or(0) as u8);
        entries.push(file.granularity as u8);
        entries.extend(file.pin.pin.to_be_bytes());
        entries.extend(bucket.to_be_bytes());
        entries.extend(values.to_be_bytes());
        entries.extend(sum.to_be_bytes());
    }
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    let mut zlib = ZlibEncoder::new(bytes, Compression::default());
    zlib.write_all(&(numbers.len() as u32).to_be_bytes())?;
    zlib.write_all(&owners)?;
    zlib.write_all(&count.to_be_bytes())?;
    zlib.write_all(&entries)?;
    zlib.finish()
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    // No real name is near the limit; a longer one is cut between characters and finds no owner later.
    let mut end = text.len().min(u16::MAX.into());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    to.extend((end as u16).to_be_bytes());
    to.extend(text.as_bytes().iter().take(end));
}

/// The sums; None for anything that is not whole.
fn parse(bytes: &[u8]) -> Option<Vec<Unfinished>> {
    let (&VERSION, packed) = bytes.strip_prefix(MAGIC)?.split_first()? else { return None };
    let mut body = Vec::new();
    ZlibDecoder::new(packed).take(SIZE_MAX).read_to_end(&mut body).ok()?;
    let mut rest = body.as_slice();
    let mut owners = Vec::new();
    for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
        let email = take_text(&mut rest)?;
        owners.push(Owner::new(email, take_text(&mut rest)?));
    }
    let mut sums = Vec::new();
    for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
        let owner = owners.get(u32::from_be_bytes(take(&mut rest)?) as usize)?.clone();
        let dash = i32::from_be_bytes(take(&mut rest)?);
        let device = i32::from_be_bytes(take(&mut rest)?);
        let [pin_type, granularity] = take(&mut rest)?;
        let pin_type = *PIN_TYPES.get(usize::from(pin_type))?;
        let granularity = *Granularity::ALL.get(usize::from(granularity))?;
        let pin = Pin::new(dash, device, pin_type, i16::from_be_bytes(take(&mut rest)?));
        let bucket = i64::from_be_bytes(take(&mut rest)?);
        let count = u64::from_be_bytes(take(&mut rest)?);
        let sum = f64::from_be_bytes(take(&mut rest)?);
        sums.push(Unfinished { file: FileId { owner, pin, granularity }, bucket, sum, count });
    }
    rest.is_empty().then_some(sums)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_be_bytes(take(rest)?);
    let (text, after) = rest.split_at_checked(length.into())?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

/// The sums of one of the reference's temp files: a hash map of keys and sums, see [`java`].
fn parse_java(bytes: &[u8], granularity: Granularity) -> Result<Vec<Unfinished>, String> {
    let map = java::read_object(bytes).map_err(|error| error.to_string())?;
    if map.class_name() != "java.util.concurrent.ConcurrentHashMap" {
        return Err("it holds no map".into());
    }
    let pairs = map.extra.chunks(2).take_while(|pair| !matches!(pair, [Value::Null, ..]));
    let mut owners: HashMap<Owner, ()> = HashMap::new();
    let mut sums = Vec::new();
    for pair in pairs {
        let [Value::Object(key), Value::Object(value)] = pair else { return Err("an entry is no pair".into()) };
        let mut sum = java_entry(key, value, granularity).ok_or("an entry lacks a field")?;
        // The same few owners again and again: let them share their texts.
        match owners.get_key_value(&sum.file.owner) {
            Some((owner, ())) => sum.file.owner = owner.clone(),
            None => drop(owners.insert(sum.file.owner.clone(), ())),
        }
        sums.push(sum);
    }
    Ok(sums)
}

fn java_entry(key: &Object, value: &Object, granularity: Granularity) -> Option<Unfinished> {
    let Value::Object(pin) = key.field("baseReportingKey")? else { return None };
    let (Value::Text(email), Value::Text(app)) = (pin.field("email")?, pin.field("appName")?) else { return None };
    let Value::Constant(pin_type) = pin.field("pinType")? else { return None };
    let pin_type = PinType::from_name(pin_type)?;
    let whole = |name| pin.whole(name);
    let (dash, device) = (i32::try_from(whole("dashId")?).ok()?, i32::try_from(whole("deviceId")?).ok()?);
    let pin = Pin::new(dash, device, pin_type, i16::try_from(whole("pin")?).ok()?);
    let Value::Float(sum) = value.field("values")? else { return None };
    Some(Unfinished {
        file: FileId { owner: Owner::new(email, app), pin, granularity },
        bucket: key.whole("ts")?,
        sum: *sum,
        count: u64::try_from(value.whole("count")?).ok()?,
    })
}

#[cfg(test)]
mod tests;

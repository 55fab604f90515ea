//! QR codes as pictures: PNG for the HTTP interface, JPEG for mails (the app's own texts name the files `.jpg`).

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use qrcodegen::{QrCode, QrCodeEcc};

/// Pixels per side of a code in a provisioning mail and on the HTTP interface.
pub const SMALL: u16 = 125;
/// Pixels per side of a code in the password mail.
pub const LARGE: u16 = 250;

/// White modules that every side has at least. Scanners like four; the code is in the middle of what is left, and larger
/// modules help more than a wider border.
const BORDER: i32 = 1;
/// Modules stay clearly black and white; a mail can carry one picture per device, so they should be small.
const JPEG_QUALITY: u8 = 60;

/// The text has no room in a QR code, or the code no room in the picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("text too long for a QR code of this size")]
pub struct TooLong;

/// A black and white PNG of `size` by `size` pixels.
///
/// # Errors
/// [`TooLong`].
pub fn png(text: &str, size: u16) -> Result<Vec<u8>, TooLong> {
    let picture = Picture::draw(text, size)?;
    let row_bytes = usize::from(size).div_ceil(8);
    let mut rows = Vec::with_capacity(usize::from(size) * (row_bytes + 1));
    for row in picture.pixels.chunks(usize::from(size)) {
        rows.push(0); // no filter
        let mut packed = vec![0_u8; row_bytes];
        for (x, _) in row.iter().enumerate().filter(|(_, pixel)| **pixel == WHITE) {
            if let Some(byte) = packed.get_mut(x / 8) {
                *byte |= 0x80 >> (x % 8);
            }
        }
        rows.extend_from_slice(&packed);
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = zlib.write_all(&rows);
    let data = zlib.finish().unwrap_or_default();

    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = u32::from(size).to_be_bytes();
    // Width, height, 1 bit, greyscale, deflate, no filter method, not interlaced.
    let header = [&side[..], &side[..], &[1, 0, 0, 0, 0]].concat();
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"IDAT", &data);
    chunk(&mut out, b"IEND", &[]);
    Ok(out)
}

/// A grey JPEG of `size` by `size` pixels.
///
/// # Errors
/// [`TooLong`].
pub fn jpeg(text: &str, size: u16) -> Result<Vec<u8>, TooLong> {
    let picture = Picture::draw(text, size)?;
    let mut out = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut out, JPEG_QUALITY);
    // It fails only for a size of zero, which no code fits into.
    encoder.encode(&picture.pixels, size, size, jpeg_encoder::ColorType::Luma).map_err(|_| TooLong)?;
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    out.extend_from_slice(&crc.sum().to_be_bytes());
}

const BLACK: u8 = 0;
const WHITE: u8 = 255;

/// One byte per pixel, row by row.
struct Picture {
    pixels: Vec<u8>,
}

impl Picture {
    /// The code in the middle, every module a square of the same whole number of pixels.
    fn draw(text: &str, size: u16) -> Result<Self, TooLong> {
        let code = QrCode::encode_text(text, QrCodeEcc::Low).map_err(|_| TooLong)?;
        let side = i32::from(size);
        let module = side / (code.size() + 2 * BORDER);
        if module == 0 {
            return Err(TooLong);
        }
        let start = (side - module * code.size()) / 2;
        let at = |pixel: i32| (pixel - start).div_euclid(module);
        let pixels = (0..side)
            .flat_map(|y| (0..side).map(move |x| (x, y)))
            .map(|(x, y)| if code.get_module(at(x), at(y)) { BLACK } else { WHITE })
            .collect();
        Ok(Self { pixels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const LINK: &str = "blynk://token/clone/abcdefghijklmnopqrstuvwxyz012345?server=127.0.0.1&port=9443";

    /// The modules of a picture's code, found again from its pixels (`dark` says which are black).
    fn modules(size: usize, code: &QrCode, dark: impl Fn(usize, usize) -> bool) -> bool {
        let first = (0..size * size).find(|i| dark(i % size, i / size)).unwrap();
        let (x0, y0) = (first % size, first / size);
        // The finder pattern's upper edge is seven modules wide.
        let module = (x0..size).take_while(|x| dark(*x, y0)).count() / 7;
        (0..code.size()).all(|y| {
            (0..code.size()).all(|x| {
                let middle = |start: usize, i: i32| start + usize::try_from(i).unwrap() * module + module / 2;
                dark(middle(x0, x), middle(y0, y)) == code.get_module(x, y)
            })
        })
    }

    #[test]
    fn a_png_holds_the_code() {
        let png = png(LINK, SMALL).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[12..29], b"IHDR\0\0\0\x7d\0\0\0\x7d\x01\0\0\0\0");
        let length = u32::from_be_bytes(png[33..37].try_into().unwrap()) as usize;
        assert_eq!(&png[37..41], b"IDAT");
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&png[41..41 + length]).read_to_end(&mut rows).unwrap();
        assert_eq!(rows.len(), 125 * 17);
        let code = QrCode::encode_text(LINK, QrCodeEcc::Low).unwrap();
        assert!(modules(125, &code, |x, y| rows[y * 17 + 1 + x / 8] & (0x80 >> (x % 8)) == 0));
        assert_eq!(&png[png.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
    }

    #[test]
    fn a_jpeg_has_the_size_asked_for() {
        for size in [SMALL, LARGE] {
            let jpeg = jpeg("0123456789abcdef0123456789abcdef", size).unwrap();
            assert!(jpeg.len() < 16_000, "{}", jpeg.len());
            assert_eq!(&jpeg[..2], b"\xff\xd8");
            let frame = jpeg.windows(2).position(|w| w == b"\xff\xc0").unwrap();
            assert_eq!(&jpeg[frame + 5..frame + 9], [size.to_be_bytes(), size.to_be_bytes()].concat());
            assert_eq!(&jpeg[jpeg.len() - 2..], b"\xff\xd9");
        }
    }

    #[test]
    fn pixels_show_the_code_with_a_border() {
        let picture = Picture::draw("T".repeat(32).as_str(), SMALL).unwrap();
        let code = QrCode::encode_text(&"T".repeat(32), QrCodeEcc::Low).unwrap();
        assert!(modules(125, &code, |x, y| picture.pixels[y * 125 + x] == BLACK));
        assert!(picture.pixels[..125].iter().all(|pixel| *pixel == WHITE));
    }

    #[test]
    fn too_much_text_is_an_error() {
        assert_eq!(png(&"x".repeat(3000), LARGE), Err(TooLong));
        assert_eq!(jpeg(&"x".repeat(2000), SMALL), Err(TooLong));
        assert_eq!(png("x", 0), Err(TooLong));
        assert_eq!(jpeg("x", 5), Err(TooLong));
    }
}

//! Decrypts private keys in the form `ENCRYPTED PRIVATE KEY` (encrypted PKCS#8).
//!
//! The old schemes are what the reference server's instructions told its users to make (`PBE-SHA1-2DES`), so their files
//! must keep working; `rustls` reads no encrypted keys. Weak ciphers do no harm here: the file's owner chose them.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use cbc::Decryptor;
use des::{Des, TdesEde3};
use md5::{Digest, Md5};
use ring::{digest, pbkdf2};

/// Why a key was not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// The password is wrong; or the file is damaged, which looks the same.
    #[error("wrong password")]
    Password,
    /// The file's structure is broken, or the scheme is not one of PBES2 (PBKDF2 with AES-CBC or 3DES) and PBES1 (SHA1
    /// with 2DES, 3DES or DES, MD5 with DES).
    #[error("unsupported encryption")]
    Unsupported,
}

/// More rounds than any tool writes: a damaged number must not keep the start busy for hours.
const MAX_ROUNDS: u32 = 50_000_000;

const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
const OCTETS: u8 = 0x04;
const INTEGER: u8 = 0x02;

/// Decrypts the DER of an `EncryptedPrivateKeyInfo`; the result is the DER of PKCS#8.
pub fn decrypt(der: &[u8], password: &str) -> Result<Vec<u8>, DecryptError> {
    let mut outer = Der(der);
    let mut info = Der(outer.take(SEQUENCE)?);
    let mut algorithm = Der(info.take(SEQUENCE)?);
    let ciphertext = info.take(OCTETS)?;
    let scheme = algorithm.take(OBJECT)?;
    let mut parameters = Der(algorithm.take(SEQUENCE)?);
    match scheme {
        // 1.2.840.113549.1.5.13
        b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D" => pbes2(&mut parameters, password, ciphertext),
        // 1.2.840.113549.1.5.3 and .10: with MD5 and with SHA1, DES
        b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x03" => {
            let bytes = pbkdf1(|data| Md5::digest(data).to_vec(), password, &mut parameters)?;
            cbc_decrypt::<Des>(&bytes[..8], &bytes[8..16], ciphertext)
        }
        b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0A" => {
            let bytes = pbkdf1(|data| sha1(&[data]), password, &mut parameters)?;
            cbc_decrypt::<Des>(&bytes[..8], &bytes[8..16], ciphertext)
        }
        // 1.2.840.113549.1.12.1.3 and .4: with SHA1, 3DES with three and with two keys
        b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x03" => pkcs12(&mut parameters, password, 24, ciphertext),
        b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x04" => pkcs12(&mut parameters, password, 16, ciphertext),
        _ => Err(DecryptError::Unsupported),
    }
}

fn pbes2(parameters: &mut Der<'_>, password: &str, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError> {
    let mut derivation = Der(parameters.take(SEQUENCE)?);
    // 1.2.840.113549.1.5.12, PBKDF2
    if derivation.take(OBJECT)? != b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0C" {
        return Err(DecryptError::Unsupported);
    }
    let mut derivation = Der(derivation.take(SEQUENCE)?);
    let salt = derivation.take(OCTETS)?;
    let rounds = derivation.rounds()?;
    // The key's length, which may stand here, follows from the cipher.
    let _ = derivation.take(INTEGER);
    let hash = match derivation.take(SEQUENCE) {
        Ok(hash) => match Der(hash).take(OBJECT)? {
            // 1.2.840.113549.2.7, .9, .10 and .11
            b"\x2A\x86\x48\x86\xF7\x0D\x02\x07" => pbkdf2::PBKDF2_HMAC_SHA1,
            b"\x2A\x86\x48\x86\xF7\x0D\x02\x09" => pbkdf2::PBKDF2_HMAC_SHA256,
            b"\x2A\x86\x48\x86\xF7\x0D\x02\x0A" => pbkdf2::PBKDF2_HMAC_SHA384,
            b"\x2A\x86\x48\x86\xF7\x0D\x02\x0B" => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(DecryptError::Unsupported),
        },
        Err(_) => pbkdf2::PBKDF2_HMAC_SHA1,
    };
    let mut cipher = Der(parameters.take(SEQUENCE)?);
    let (cipher, iv) = (cipher.take(OBJECT)?, cipher.take(OCTETS)?);
    let key = |size: usize| {
        let mut key = vec![0; size];
        let rounds = std::num::NonZeroU32::new(rounds).ok_or(DecryptError::Unsupported)?;
        pbkdf2::derive(hash, rounds, salt, password.as_bytes(), &mut key);
        Ok(key)
    };
    match cipher {
        // 2.16.840.1.101.3.4.1.2, .22 and .42
        b"\x60\x86\x48\x01\x65\x03\x04\x01\x02" => cbc_decrypt::<Aes128>(&key(16)?, iv, ciphertext),
        b"\x60\x86\x48\x01\x65\x03\x04\x01\x16" => cbc_decrypt::<Aes192>(&key(24)?, iv, ciphertext),
        b"\x60\x86\x48\x01\x65\x03\x04\x01\x2A" => cbc_decrypt::<Aes256>(&key(32)?, iv, ciphertext),
        // 1.2.840.113549.3.7
        b"\x2A\x86\x48\x86\xF7\x0D\x03\x07" => cbc_decrypt::<TdesEde3>(&key(24)?, iv, ciphertext),
        _ => Err(DecryptError::Unsupported),
    }
}

/// PBKDF1 of PKCS#5; at least 16 bytes, the key and the initial vector of DES.
fn pbkdf1(hash: impl Fn(&[u8]) -> Vec<u8>, password: &str, parameters: &mut Der<'_>) -> Result<Vec<u8>, DecryptError> {
    let (salt, rounds) = (parameters.take(OCTETS)?, parameters.rounds()?);
    let mut bytes = [password.as_bytes(), salt].concat();
    for _ in 0..rounds {
        bytes = hash(&bytes);
    }
    Ok(bytes)
}

fn pkcs12(
    parameters: &mut Der<'_>,
    password: &str,
    key_size: usize,
    ciphertext: &[u8],
) -> Result<Vec<u8>, DecryptError> {
    let (salt, rounds) = (parameters.take(OCTETS)?, parameters.rounds()?);
    let mut key = pkcs12_derive(1, password, salt, rounds, key_size);
    // 3DES with two keys: the first is used again.
    key.extend_from_within(..24 - key_size);
    let iv = pkcs12_derive(2, password, salt, rounds, 8);
    cbc_decrypt::<TdesEde3>(&key, &iv, ciphertext)
}

/// The key derivation of PKCS#12 (RFC 7292, appendix B.2) with SHA1; `id` is 1 for a key and 2 for an initial vector.
fn pkcs12_derive(id: u8, password: &str, salt: &[u8], rounds: u32, size: usize) -> Vec<u8> {
    const BLOCK: usize = 64;
    let password: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let fill =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(BLOCK) * BLOCK).collect() };
    let mut input = fill(salt);
    input.extend(fill(&password));
    let mut out = Vec::new();
    loop {
        let mut hash = sha1(&[&[id; BLOCK], &input]);
        for _ in 1..rounds {
            hash = sha1(&[&hash]);
        }
        out.extend_from_slice(&hash);
        if out.len() >= size {
            out.truncate(size);
            return out;
        }
        // Each block of the input, as one number, grows by the hash, repeated to its size, plus 1.
        let addend: Vec<u8> = hash.iter().copied().cycle().take(BLOCK).collect();
        for block in input.chunks_mut(BLOCK) {
            let mut carry = 1;
            for (byte, add) in block.iter_mut().zip(&addend).rev() {
                carry += u16::from(*byte) + u16::from(*add);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

fn cbc_decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, DecryptError> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv).map_err(|_| DecryptError::Unsupported)?;
    let mut bytes = ciphertext.to_vec();
    let size = cipher.decrypt_padded::<Pkcs7>(&mut bytes).map_err(|_| DecryptError::Password)?.len();
    bytes.truncate(size);
    // One wrong password in 256 leaves a padding that looks right, but hardly ever a whole sequence before it.
    let mut whole = Der(&bytes);
    match whole.take(SEQUENCE) {
        Ok(_) if whole.0.is_empty() => Ok(bytes),
        _ => Err(DecryptError::Password),
    }
}

/// The rest of a DER structure that is being read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Takes the next value, which must have this tag; if it has not, it stays.
    fn take(&mut self, tag: u8) -> Result<&'a [u8], DecryptError> {
        let (size, rest) = match self.0 {
            [first, ..] if *first != tag => return Err(DecryptError::Unsupported),
            [_, size @ 0..=0x7F, rest @ ..] => (usize::from(*size), rest),
            [_, 0x81, size, rest @ ..] => (usize::from(*size), rest),
            [_, 0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return Err(DecryptError::Unsupported),
        };
        let (value, rest) = rest.split_at_checked(size).ok_or(DecryptError::Unsupported)?;
        self.0 = rest;
        Ok(value)
    }

    /// Takes the number of rounds of a key derivation.
    fn rounds(&mut self) -> Result<u32, DecryptError> {
        let bytes = self.take(INTEGER)?;
        let number =
            bytes.iter().try_fold(0u32, |number, byte| number.checked_mul(256).map(|number| number + u32::from(*byte)));
        number.filter(|number| (1..=MAX_ROUNDS).contains(number)).ok_or(DecryptError::Unsupported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pkcs12_derivation_of_known_values() {
        // Known from other implementations' tests: password "smeg", salt of RFC-style test, one round.
        let salt = [0x0A, 0x58, 0xCF, 0x64, 0x53, 0x0D, 0x82, 0x3F];
        let key = [
            0x8A, 0xAA, 0xE6, 0x29, 0x7B, 0x6C, 0xB0, 0x46, 0x42, 0xAB, 0x5B, 0x07, 0x78, 0x51, 0x28, 0x4E, 0xB7, 0x12,
            0x8F, 0x1A, 0x2A, 0x7F, 0xBC, 0xA3,
        ];
        assert_eq!(pkcs12_derive(1, "smeg", &salt, 1, 24), key);
        assert_eq!(pkcs12_derive(2, "smeg", &salt, 1, 8), [0x79, 0x99, 0x3D, 0xFE, 0x04, 0x8D, 0x3B, 0x76]);
    }

    proptest! {
        #[test]
        fn noise_never_panics(bytes in proptest::collection::vec(prop_oneof![Just(0x30u8), 0..8u8, any::<u8>()], 0..60)) {
            prop_assert!(decrypt(&bytes, "x").is_err());
        }
    }
}

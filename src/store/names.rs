//! Names of user files: one plain, unique name per account, whatever characters its e-mail and app name hold.

use std::fmt::Write;

/// What names of user files end with.
pub const SUFFIX: &str = ".user";
/// Longest name in bytes; a backup's date and the like must still fit into the 255 of common file systems.
const LONGEST: usize = 230;
/// Bytes of the e-mail that stay readable in a name that would be too long.
const READABLE: usize = 120;

/// `<email>.<appName>.user`.
///
/// Characters that could lead elsewhere (`/`, `\`, controls, a leading dot) are written as `%XX`, and so is `%`. In the app
/// name only letters, digits, `-` and `_` stand as they are: a dot there would let `a@b.co` with the app `uk.Blynk` take
/// the file of `a@b.co.uk`. A name that would be too long ends in a hash instead.
pub fn user_file_name(email: &str, app: &str) -> String {
    let mut name = String::with_capacity(email.len() + app.len() + 8);
    encode(&mut name, email, |index, c| {
        !(c == '%' || c == '/' || c == '\\' || c.is_control() || index == 0 && c == '.')
    });
    let readable = (0..=READABLE.min(name.len())).rev().find(|i| name.is_char_boundary(*i)).unwrap_or(0);
    name.push('.');
    encode(&mut name, app, |_, c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if name.len() + SUFFIX.len() > LONGEST {
        let hash = ring::digest::digest(&ring::digest::SHA256, format!("{email}\0{app}").as_bytes());
        name.truncate(readable);
        name.push('~');
        for byte in &hash.as_ref()[..16] {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name.push_str(SUFFIX);
    name
}

fn encode(out: &mut String, text: &str, stays: impl Fn(usize, char) -> bool) {
    for (index, c) in text.char_indices() {
        if stays(index, c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// What an old server's file names begin with.
pub const OLD_PREFIX: &str = "u_";

/// Whether a file of this name in the data folder is a user file.
pub fn is_user_file(name: &str) -> bool {
    name.len() > SUFFIX.len() && name.ends_with(SUFFIX) && !name.starts_with('.')
}

/// Whether a text is a local date as backups carry it: `yyyy-MM-dd`.
pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_the_reference_servers() {
        assert_eq!(user_file_name("a.b+c@example.com", "Blynk"), "a.b+c@example.com.Blynk.user");
        assert_eq!(user_file_name("żółw@example.com", "blynkabcdefgh"), "żółw@example.com.blynkabcdefgh.user");
    }

    #[test]
    fn odd_names_stay_in_the_folder_and_apart() {
        assert_eq!(user_file_name("a/b@c.dd", "Blynk"), "a%2Fb@c.dd.Blynk.user");
        assert_eq!(user_file_name("a%2Fb@c.dd", "Blynk"), "a%252Fb@c.dd.Blynk.user");
        assert_eq!(user_file_name("../x@c.dd", "Blynk"), "%2E.%2Fx@c.dd.Blynk.user");
        assert_eq!(user_file_name("a\\\0@c.dd", "x/../y"), "a%5C%00@c.dd.x%2F%2E%2E%2Fy.user");
        assert_ne!(user_file_name("a@b.co", "uk.Blynk"), user_file_name("a@b.co.uk", "Blynk"));
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = format!("{}@example.com", "ä".repeat(120));
        let name = user_file_name(&long, "Blynk");
        assert!(name.len() <= LONGEST && name.starts_with("ää"), "{name}");
        assert_ne!(name, user_file_name(&long, "blynkabcdefgh"));
    }

    #[test]
    fn dates_and_user_files_are_known() {
        assert!(is_date("2026-11-23"));
        for bad in ["2026-11-2", "2026/11/23", "2026-11-233", "../../../x", "２026-11-2"] {
            assert!(!is_date(bad), "{bad}");
        }
        assert!(is_user_file("u_a@b.cc.user") && !is_user_file(".user") && !is_user_file("a.user.broken"));
    }

    proptest! {
        #[test]
        fn a_name_is_one_component(email in "\\PC{0,30}|[./\\\\%a]{0,8}", app in "\\PC{0,30}|[./\\\\]{0,8}") {
            let name = user_file_name(&email, &app);
            let parts: Vec<_> = std::path::Path::new(&name).components().collect();
            prop_assert!(matches!(parts[..], [std::path::Component::Normal(_)]), "{:?}", parts);
            prop_assert!(!name.starts_with('.') || email.is_empty());
        }
    }
}

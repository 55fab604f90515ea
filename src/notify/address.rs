//! Is this text a mail address? The one check for accounts, widgets, reports and requests.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::punycode;

/// Most recipients of one report.
pub const MOST_RECIPIENTS: usize = 5;

const ADDRESS_LIMIT: usize = 255;
const LOCAL_LIMIT: usize = 64;
const DOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

/// True for an address that the server accepts.
///
/// At most 255 characters (UTF-16 units, as for the reference), no `?`, no dot at the end; a local part of words and
/// dots or quoted text; a domain of at least two labels or an address in brackets. Blanks around it are tolerated and
/// are for the caller to remove.
///
/// Unlike the reference, which knows the top level domains of 2017, any that is formed like one is accepted.
pub fn is_valid(address: &str) -> bool {
    if address.is_empty() || address.encode_utf16().count() > ADDRESS_LIMIT || address.contains('?') {
        return false;
    }
    if address.ends_with('.') {
        return false;
    }
    let address = address.trim();
    // Also where quotes or a backslash would allow them: nobody has such an address, and SMTP has lines.
    if address.chars().any(char::is_control) {
        return false;
    }
    match address.rsplit_once('@') {
        Some((local, domain)) => is_local_part(local) && is_domain(domain),
        None => false,
    }
}

/// The addresses of a comma separated list of report recipients; `None` unless there are one to five, all valid.
pub fn recipients(list: &str) -> Option<Vec<&str>> {
    let mut parts: Vec<&str> = list.split(',').collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let good = (1..=MOST_RECIPIENTS).contains(&parts.len()) && parts.iter().all(|part| is_valid(part));
    good.then(|| parts.into_iter().map(str::trim).collect())
}

/// Words joined by single dots; a word is quoted text or a run of allowed characters.
fn is_local_part(local: &str) -> bool {
    if local.encode_utf16().count() > LOCAL_LIMIT {
        return false;
    }
    let mut chars = local.chars().peekable();
    loop {
        let word = match chars.peek() {
            Some('"') => quoted(&mut chars),
            _ => bare(&mut chars),
        };
        if !word {
            return false;
        }
        match chars.next() {
            None => return true,
            Some('.') => {}
            Some(_) => return false,
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Takes `"..."`, with `\` before any character; true when it is closed.
fn quoted(chars: &mut Chars) -> bool {
    chars.next();
    while let Some(c) = chars.next() {
        match c {
            '"' => return true,
            '\\' if chars.next().is_none() => return false,
            _ => {}
        }
    }
    false
}

/// Takes a run of plain characters; true when there is at least one.
fn bare(chars: &mut Chars) -> bool {
    let mut some = false;
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() || "()<>@,;:\".[]".contains(c) {
            break;
        }
        chars.next();
        if c == '\\' && chars.next().is_none() {
            return false;
        }
        some = true;
    }
    some
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<Ipv4Addr>().is_ok() || literal.parse::<Ipv6Addr>().is_ok();
    }
    let Some(ascii) = punycode::domain_to_ascii(domain) else { return false };
    let labels: Vec<&str> = ascii.split('.').collect();
    ascii.len() <= DOMAIN_LIMIT
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|last| is_top_level(last))
}

/// What fingers make of `com`, `net` and `org`; no top level domain is called so.
const MISTYPED: &[&str] =
    &["con", "cmo", "ocm", "vom", "xom", "comm", "cpm", "nte", "ent", "nett", "ogr", "rog", "orgg"];

fn is_label(label: &str) -> bool {
    (1..=LABEL_LIMIT).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_top_level(label: &str) -> bool {
    if MISTYPED.iter().any(|wrong| wrong.eq_ignore_ascii_case(label)) {
        return false;
    }
    let international = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")) && label.len() > 4;
    international || (label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses() {
        for address in [
            "user@example.com",
            "o'neil@example.com",
            "\"a b\"@example.com",
            "\"a@b\"@example.com",
            "\"a\\\"b\".c@example.com",
            "user@[10.0.0.1]",
            "user@[::1]",
            "user@münchen.de",
            "üser@example.com",
            " user@example.com ",
            "a/b@example.com",
            "a+b=c&d@sub.example-host.co.uk",
            "a\\,b@example.com",
            "user@xn--mnchen-3ya.de",
            "user@пример.рф",
            // Newer than the reference's list, or a home network's own.
            "user@example.llc",
            "bob@home.lan",
            "bob@x.local",
            &format!("{}@example.com", "a".repeat(64)),
        ] {
            assert!(is_valid(address), "{address}");
        }
    }

    #[test]
    fn bad_addresses() {
        for address in [
            "",
            "@",
            "user",
            "user@",
            "@example.com",
            "user@localhost",
            "us er@example.com",
            "a@b@example.com",
            "user@[01.1.1.1]",
            "user@10.0.0.1",
            "user@[IPv6:::1]",
            "user@[]",
            "user@-bad.com",
            "user@bad-.com",
            "user@ex_ample.com",
            "user@example..com",
            "a@b.co.",
            "a@.com",
            "who?@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "\"a@example.com",
            "\"a\"b@example.com",
            "a\\@example.com",
            "a@example.c",
            "a@example.c0m",
            "a@b.com,c@d.com",
            "a(b)@example.com",
            "a@exa mple.com",
            "a\0b@example.com",
            "a@example.com\nBcc: b@example.com",
            "\"\\\n\"@example.com",
            "a@xn--",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("a@{}.com", "b".repeat(64)),
            &format!("a@{}com", "bbbbbbb.".repeat(32)),
        ] {
            assert!(!is_valid(address), "{address:?}");
        }
    }

    #[test]
    fn report_recipients() {
        let five = "a@b.com,".repeat(5);
        assert_eq!(recipients(&five).unwrap().len(), 5);
        assert_eq!(recipients(&"a@b.com,".repeat(6)), None);
        assert_eq!(recipients("a@b.com, c@d.com"), Some(vec!["a@b.com", "c@d.com"]));
        assert_eq!(recipients("a@b.com,,"), Some(vec!["a@b.com"]));
        for bad in ["", ",", ",a@b.com", "a@b.com,x", "a@b.com,,c@d.com"] {
            assert_eq!(recipients(bad), None, "{bad}");
        }
    }
}

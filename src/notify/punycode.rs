//! International domain names in the form that DNS and SMTP understand (`münchen.de` -> `xn--mnchen-3ya.de`).
//!
//! RFC 3492 with simple lower-casing. The full Unicode mapping (UTS 46) needs tables that are larger than the rest of
//! this room; people type their own domain, and that is already in its normal form.

use std::borrow::Cow;

/// A label of DNS, and so its encoded form, has at most this many bytes.
const LABEL_LIMIT: usize = 63;

/// The domain with every label in ASCII; other text than letters, digits and hyphens passes as it is.
///
/// `None` when a label cannot be encoded in 63 bytes.
pub fn domain_to_ascii(domain: &str) -> Option<String> {
    let labels: Option<Vec<Cow<str>>> = domain.split(['.', '。', '．', '｡']).map(label_to_ascii).collect();
    Some(labels?.join("."))
}

fn label_to_ascii(label: &str) -> Option<Cow<'_, str>> {
    if label.is_ascii() {
        return Some(Cow::Borrowed(label));
    }
    let encoded = encode(&label.to_lowercase())?;
    let label = format!("xn--{encoded}");
    (label.len() <= LABEL_LIMIT).then_some(Cow::Owned(label))
}

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;

fn encode(label: &str) -> Option<String> {
    let points: Vec<u32> = label.chars().take(LABEL_LIMIT + 1).map(u32::from).collect();
    if points.len() > LABEL_LIMIT {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut next, mut delta, mut bias, mut handled) = (0x80_u32, 0_u32, 72_u32, basic);
    while (handled as usize) < points.len() {
        let smallest = points.iter().copied().filter(|&point| point >= next).min()?;
        delta = delta.checked_add((smallest - next).checked_mul(handled + 1)?)?;
        next = smallest;
        for &point in &points {
            if point < next {
                delta = delta.checked_add(1)?;
            }
            if point == next {
                push_number(&mut out, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        next += 1;
    }
    Some(out)
}

fn push_number(out: &mut String, mut number: u32, bias: u32) {
    let mut k = BASE;
    loop {
        let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if number < t {
            break out.push(digit(number));
        }
        out.push(digit(t + (number - t) % (BASE - t)));
        number = (number - t) / (BASE - t);
        k += BASE;
    }
}

fn digit(value: u32) -> char {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // The value is below 36 by construction.
    DIGITS.get(value as usize).copied().map_or('a', char::from)
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names() {
        for (unicode, ascii) in [
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("MÜNCHEN.de", "xn--mnchen-3ya.de"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("пример。рф", "xn--e1afmkfd.xn--p1ai"),
            ("faß.de", "xn--fa-hia.de"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("plain.example", "plain.example"),
        ] {
            assert_eq!(domain_to_ascii(unicode).as_deref(), Some(ascii), "{unicode}");
        }
    }

    #[test]
    fn labels_have_a_limit() {
        assert_eq!(domain_to_ascii(&"ü".repeat(64)), None);
        assert_eq!(domain_to_ascii(&format!("ü{}.de", "a".repeat(60))), None);
        assert!(domain_to_ascii(&format!("ü{}.de", "a".repeat(50))).is_some());
    }
}

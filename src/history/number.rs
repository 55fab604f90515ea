//! Which texts count as numbers for averages and live graphs.

/// The reference's internal mark for "no number"; a value equal to it is ignored.
const NO_NUMBER: f64 = f64::from_bits(1);

/// The number that a written value stands for, None when it is not recorded.
///
/// Form: `[+|-] digits [. digits] [e|E [+|-] digits]` with at least one digit before the exponent, and nothing around it;
/// the exponent's digits may be absent (`1e` is 1). Infinite results count as "not a number".
pub fn parse_number(text: &str) -> Option<f64> {
    let mantissa_end = text.find(['e', 'E']).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(mantissa_end);
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let exponent_digits = exponent.get(1..).unwrap_or("");
    let exponent_digits = exponent_digits.strip_prefix(['+', '-']).unwrap_or(exponent_digits);
    if !is_digits(exponent_digits) {
        return None;
    }
    let number = if exponent_digits.is_empty() { mantissa } else { text };
    number.parse().ok().filter(|value: &f64| value.is_finite() && *value != NO_NUMBER)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_and_unusual_numbers() {
        for (text, number) in [
            ("1", 1.0),
            ("-0.5", -0.5),
            ("5.", 5.0),
            (".5", 0.5),
            ("+5", 5.0),
            ("1e", 1.0),
            ("1e+", 1.0),
            ("1E-", 1.0),
            ("5.e2", 500.0),
            ("1e2", 100.0),
            ("1.5E-3", 0.0015),
            ("0.3", 0.3),
            ("007", 7.0),
            ("0e400", 0.0),
        ] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not_recorded() {
        for text in [
            "",
            ".",
            "-",
            "+",
            "e5",
            ".e5",
            "-e",
            "1,5",
            " 5",
            "5 ",
            "0x10",
            "NaN",
            "nan",
            "inf",
            "Infinity",
            "1.5.2",
            "1\x002\x003",
            "--1",
            "+-1",
            "1e5.",
            "1e--5",
            "1ee5",
            "٣",
            "1e400",
            "-1e400",
            "4.9E-324",
            "1_000",
        ] {
            assert_eq!(parse_number(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "\\PC{0,30}|[-+0-9.eE]{0,12}") {
            if let Some(number) = parse_number(&text) {
                prop_assert!(number.is_finite());
            }
        }

        #[test]
        fn agrees_with_the_standard_library(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            prop_assert_eq!(parse_number(&format!("{number:e}")), Some(number).filter(|n| *n != NO_NUMBER));
        }
    }
}

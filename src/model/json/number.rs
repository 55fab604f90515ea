//! Floating point numbers in the text form that the reference writes: always a fraction or an exponent.

/// Appends a 32-bit float: `0.0`, `21.5`, `1.0E10`, `1.0E-5`, or `"NaN"` quoted like the reference does.
pub fn write_f32(out: &mut String, x: f32) {
    // The shortest digits differ between the widths, so the text is made from the value's own width.
    write(out, x as f64, || format!("{x:?}"), || format!("{x:e}"));
}

/// Appends a 64-bit float, same style.
pub fn write_f64(out: &mut String, x: f64) {
    write(out, x, || format!("{x:?}"), || format!("{x:e}"));
}

fn write(out: &mut String, x: f64, decimal: impl Fn() -> String, scientific: impl Fn() -> String) {
    if x.is_nan() {
        out.push_str("\"NaN\"");
    } else if x.is_infinite() {
        out.push_str(if x > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else if x == 0.0 || (1e-3..1e7).contains(&x.abs()) {
        out.push_str(&decimal());
    } else {
        let text = scientific();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        out.push_str(mantissa);
        if !mantissa.contains('.') {
            out.push_str(".0");
        }
        out.push('E');
        out.push_str(exponent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32_text(x: f32) -> String {
        let mut out = String::new();
        write_f32(&mut out, x);
        out
    }

    #[test]
    fn floats_look_like_the_reference() {
        for (x, text) in [
            (0.0, "0.0"),
            (255.0, "255.0"),
            (0.1, "0.1"),
            (-40.0, "-40.0"),
            (1e10, "1.0E10"),
            (1e-5, "1.0E-5"),
            (1e7, "1.0E7"),
            (9999999.0, "9999999.0"),
            (0.001, "0.001"),
            (1.5e-4, "1.5E-4"),
            (50.45, "50.45"),
        ] {
            assert_eq!(f32_text(x), text);
        }
        assert_eq!(f32_text(f32::NAN), "\"NaN\"");
        assert_eq!(f32_text(f32::NEG_INFINITY), "\"-Infinity\"");
        let mut out = String::new();
        write_f64(&mut out, 123456789.0);
        assert_eq!(out, "1.23456789E8");
    }
}

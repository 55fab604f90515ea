//! Templates: texts with `{PLACEHOLDERS}`, and HTML escaping.

/// A value for a placeholder.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// Somebody's text: escaped before it goes into HTML.
    Text(&'a str),
    /// HTML that this server made.
    Html(&'a str),
}

/// The template with every `{NAME}` replaced for which there is a value; other braces stay.
///
/// One pass: a value that looks like a placeholder is not replaced again.
pub fn fill(template: &str, values: &[(&str, Value)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let found = values.iter().find_map(|(name, value)| {
            let after = from.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
            Some((after, value))
        });
        rest = match found {
            Some((after, Value::Text(text))) => {
                escape_to(&mut out, text);
                after
            }
            Some((after, Value::Html(html))) => {
                out.push_str(html);
                after
            }
            None => {
                out.push('{');
                from.strip_prefix('{').unwrap_or_default()
            }
        };
    }
    out.push_str(rest);
    out
}

/// The text as HTML shows it, also inside a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    escape_to(&mut out, text);
    out
}

fn escape_to(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_once_and_escaped() {
        let values = [("A", Value::Text("<{B}>")), ("B", Value::Html("<br>"))];
        assert_eq!(fill("{A}{B}{C} { {{A}} {", &values), "&lt;{B}&gt;<br>{C} { {&lt;{B}&gt;} {");
        assert_eq!(fill("", &values), "");
        assert_eq!(escape("a&b<c>\"d'"), "a&amp;b&lt;c&gt;&quot;d&#39;");
    }
}

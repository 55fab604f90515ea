//! What a text of a property must look like, where only the eye can tell: addresses, names, mail addresses. A text that does
//! not is used as it is, and the operator is told.

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any.
    Any,
    /// `http://` or `https://`, and a host.
    Url,
    /// A mail address.
    Mail,
    /// A host name or an address.
    Host,
    /// One of these words, in any letter case.
    Word(&'static [&'static str]),
}

impl Form {
    /// The name used in documents; `None` for any text.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Url => Some("address"),
            Self::Mail => Some("mail address"),
            Self::Host => Some("host name"),
            Self::Word(_) => Some("word"),
        }
    }

    /// What is wrong with a text, to be read after "Value 'x' of property 'y' in FILE". An empty one is not set at all.
    pub fn problem(self, text: &str) -> Option<&'static str> {
        if text.is_empty() {
            return None;
        }
        let is_good = match self {
            Self::Any => true,
            Self::Url => ["http://", "https://"].iter().filter_map(|scheme| text.strip_prefix(scheme)).any(is_place),
            // `{PRODUCT_NAME} <a@b.cc>` is one, too.
            Self::Mail => text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
            Self::Host => is_name(text),
            Self::Word(words) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
        };
        let problem = match self {
            Self::Any => "",
            Self::Url => "is no address that begins with http:// or https://",
            Self::Mail => "is no mail address",
            Self::Host => "is no host name or address",
            Self::Word(_) => "is none of the known words",
        };
        (!is_good).then_some(problem)
    }
}

/// What follows the scheme of a URL: a host and more, no blanks.
fn is_place(rest: &str) -> bool {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Letters of any language, digits, `-`, `_` and `.`; `:`, `%` and brackets for IPv6.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "-_.:%[]".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_form() {
        let good = [
            (Form::Url, "http://localhost:8080"),
            (Form::Url, "https://[::1]/a?b=c"),
            (Form::Mail, "{PRODUCT_NAME} <a@b.cc>"),
            (Form::Host, "bücher.example"),
            (Form::Host, "fe80::1%eth0"),
            (Form::Word(&["smtp", "smtps"]), "SMTPS"),
        ];
        let bad = [
            (Form::Url, "localhost:8080"),
            (Form::Url, "https://"),
            (Form::Url, "http:///path"),
            (Form::Url, "http://a b/"),
            (Form::Mail, "me"),
            (Form::Mail, "@x"),
            (Form::Host, "http://h"),
            (Form::Host, "a b"),
            (Form::Word(&["smtp"]), "imap"),
        ];
        for (form, text) in good {
            assert_eq!(form.problem(text), None, "{text}");
            assert_eq!(form.problem(""), None);
        }
        for (form, text) in bad {
            assert!(form.problem(text).is_some(), "{text}");
        }
    }
}

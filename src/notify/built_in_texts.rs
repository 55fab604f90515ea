//! The mail texts and password pages that are built into the program, by the name of the file that replaces them.

/// The text of a file, `None` for other files. Those below `static/` can also be read by HTTP, as old installations have them.
pub fn find(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

const TEXTS: &[(&str, &str)] = &[
    ("single_token_mail_body.txt", include_str!("texts/single_token_mail_body.txt")),
    ("template_id_mail.html", include_str!("texts/template_id_mail.html")),
    ("static_provisioning_mail.html", include_str!("texts/static_provisioning_mail.html")),
    ("dynamic_provisioning_mail.html", include_str!("texts/dynamic_provisioning_mail.html")),
    ("static/register-email.html", include_str!("texts/register-email.html")),
    ("static/report-email.html", include_str!("texts/report-email.html")),
    ("static/reset/reset-email.html", include_str!("texts/reset-email.html")),
    ("static/reset/reset-email-app.html", include_str!("texts/reset-email-app.html")),
    ("static/reset/reset-email-app-confirmation.html", include_str!("texts/reset-email-app-confirmation.html")),
    ("static/reset/enterNewPassword.html", include_str!("texts/enterNewPassword.html")),
];

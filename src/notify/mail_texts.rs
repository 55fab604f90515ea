//! The texts of all mails, and of the two password pages that share their templates.
//!
//! Each template is built in; a file of the same name in the working directory replaces it (for `static/...` also one
//! in `static-override/...`). The placeholders are an interface: operators have templates of their own.

use std::path::Path;

use super::built_in_texts;
use super::mail::{Attachment, AttachmentData, Mail};
use super::percent;
use super::qr;
use super::template::{escape, fill, Value};

/// Largest template file that is read, bytes.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Name of a project without one.
pub const NEW_PROJECT: &str = "New Project";
/// Name of a device without one.
pub const NEW_DEVICE: &str = "New Device";

/// All texts, with what is the same in every mail of this server.
#[derive(Debug, Clone)]
pub struct MailTexts {
    /// `product.name`.
    product: String,
    /// Mails with provisioning pictures get a list of the tokens; bulk mail services do not want it.
    token_list: bool,
    /// `single_token_mail_body.txt`: tail of the token mails. The admin pages can change it.
    pub token_tail: String,
    template_id: String,
    static_provisioning: String,
    dynamic_provisioning: String,
    register: String,
    report: String,
    reset_by_web: String,
    reset_by_app: String,
    reset_done: String,
    new_password: String,
}

/// A template file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("mail text {file}: {reason}")]
pub struct TextError {
    /// Its path.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A token that is flashed into a device before its owner is known.
pub struct FlashedToken<'a> {
    /// The token: text of the QR code.
    pub token: &'a str,
    /// The device, or -1 for all devices of a project.
    pub device_id: i32,
    /// The device's name.
    pub device_name: &'a str,
}

/// A file of exported history.
pub struct HistoryFile<'a> {
    /// Where to get it.
    pub url: &'a str,
    /// Device name (else project name) and pin.
    pub label: String,
}

/// How often a report comes: the word in its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReportPeriod {
    Daily,
    Weekly,
    Monthly,
    OneTime,
}

impl MailTexts {
    /// Reads the templates that `folder` (the working directory) replaces.
    ///
    /// # Errors
    /// A file that exists but cannot be read, is not UTF-8 or is larger than 1 MiB: the start must fail then, a
    /// half-working mail is found too late.
    pub fn load(folder: &Path, product: &str, third_party: bool) -> Result<Self, TextError> {
        Self::from_files(product, third_party, |name| read_text(folder, name))
    }

    /// The built-in templates, for servers that replace none.
    pub fn built_in(product: &str) -> Self {
        match Self::from_files(product, false, |name| Ok::<_, std::convert::Infallible>(built_in(name))) {
            Ok(texts) => texts,
        }
    }

    fn from_files<E>(product: &str, third_party: bool, read: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(Self {
            product: product.to_owned(),
            token_list: !third_party,
            token_tail: read("single_token_mail_body.txt")?,
            template_id: read("template_id_mail.html")?,
            static_provisioning: read("static_provisioning_mail.html")?,
            dynamic_provisioning: read("dynamic_provisioning_mail.html")?,
            register: read("static/register-email.html")?,
            report: read("static/report-email.html")?,
            reset_by_web: read("static/reset/reset-email.html")?,
            reset_by_app: read("static/reset/reset-email-app.html")?,
            reset_done: read("static/reset/reset-email-app-confirmation.html")?,
            new_password: read("static/reset/enterNewPassword.html")?,
        })
    }

    /// Mail 1: a new account.
    pub fn welcome(&self, to: &str) -> Mail {
        Mail::html(to, "Get started with Blynk", self.register.as_str())
    }

    /// Mail 2: the token of one device.
    pub fn one_token(&self, to: &str, project: Option<&str>, device: Option<&str>, token: &str) -> Mail {
        let project = project.unwrap_or(NEW_PROJECT);
        let device = device.unwrap_or(NEW_DEVICE);
        let subject = format!("Auth Token for {project} project and device {device}");
        Mail::text(to, subject, format!("Auth Token : {token}\n{}", self.token_tail))
    }

    /// Mail 3: the tokens of all devices, as (name, token).
    pub fn all_tokens(&self, to: &str, project: Option<&str>, devices: &[(Option<&str>, &str)]) -> Mail {
        let subject =
            format!("Auth Tokens for {} project and {} devices", project.unwrap_or(NEW_PROJECT), devices.len());
        let mut text = String::new();
        for (name, token) in devices {
            text += &format!("Auth Token for device '{}' : {token}\n", name.unwrap_or(NEW_DEVICE));
        }
        Mail::text(to, subject, text + &self.token_tail)
    }

    /// Mail 4: the id of a tile template.
    pub fn template_id(&self, to: &str, name: &str, id: &str) -> Mail {
        let html = fill(&self.template_id, &[("template_name", Value::Text(name)), ("template_id", Value::Text(id))]);
        Mail::html(to, format!("Template ID for {name}"), html)
    }

    /// Mail 5: how to try an app with static provisioning, one QR code per device.
    pub fn app_preview_static(
        &self,
        to: &str,
        app: &str,
        project: Option<&str>,
        project_id: i32,
        devices: &[FlashedToken],
    ) -> Mail {
        let list: String =
            devices.iter().map(|d| format!("<br>{}: {}", escape(d.device_name), escape(d.token))).collect();
        let values =
            [("project_name", Value::Text(project.unwrap_or(NEW_PROJECT))), ("DYNAMIC_SECTION", Value::Html(&list))];
        let html = fill(&self.static_provisioning, &values);
        self.app_preview(to, app, html, project_id, devices)
    }

    /// Mail 6: how to try an app with dynamic provisioning, one QR code.
    pub fn app_preview_dynamic(
        &self,
        to: &str,
        app: &str,
        project: Option<&str>,
        project_id: i32,
        token: &str,
    ) -> Mail {
        let values = [("project_name", Value::Text(project.unwrap_or(NEW_PROJECT)))];
        let html = fill(&self.dynamic_provisioning, &values);
        self.app_preview(to, app, html, project_id, &[FlashedToken { token, device_id: -1, device_name: "" }])
    }

    fn app_preview(&self, to: &str, app: &str, html: String, project_id: i32, tokens: &[FlashedToken]) -> Mail {
        let mut mail = Mail::html(to, format!("{app} - App details"), html);
        for FlashedToken { token, device_id, .. } in tokens {
            mail.attachments.push(picture(format!("{token}_{project_id}_{device_id}.jpg"), token, qr::SMALL));
        }
        if self.token_list {
            let lines: String = tokens.iter().map(|t| format!("{},{},{project_id}\n", t.token, t.device_id)).collect();
            mail.attachments.push(Attachment {
                name: "tokens.csv".to_owned(),
                content_type: "text/csv".to_owned(),
                content_id: None,
                data: AttachmentData::Bytes(lines.into_bytes()),
            });
        }
        mail
    }

    /// Mail 7: the app's way to a new password. `host` is `restore.host`.
    pub fn reset_by_app(&self, to: &str, app: &str, host: &str, token: &str) -> Mail {
        let html = self.reset_by_app_html(&app_reset_url(host, token, to));
        let mut mail = Mail::html(to, format!("Password restoration for your {} account.", self.product), html);
        let code = format!("{}://restore?token={token}&email={}", app.to_lowercase(), percent::encode(to));
        mail.attachments.push(picture("resetPassQr.jpg".to_owned(), &code, qr::LARGE));
        mail
    }

    /// The page `/restore` for who opens the link of mail 7 in a browser: the same text, without the picture.
    pub fn restore_page(&self, host: &str, token: &str, email: &str) -> String {
        self.reset_by_app_html(&app_reset_url(host, token, email))
    }

    fn reset_by_app_html(&self, url: &str) -> String {
        fill(&self.reset_by_app, &[("PRODUCT_NAME", Value::Text(&self.product)), ("RESET_URL", Value::Text(url))])
    }

    /// Mail 8: the password was changed.
    pub fn reset_done(&self, to: &str) -> Mail {
        let values = [("PRODUCT_NAME", Value::Text(&self.product)), ("EMAIL", Value::Text(to))];
        Mail::html(to, format!("Your new password on {}", self.product), fill(&self.reset_done, &values))
    }

    /// Mail 9: the browser's way to a new password; `url` leads to `/landing`.
    pub fn reset_by_web(&self, to: &str, url: &str) -> Mail {
        let values = [("PRODUCT_NAME", Value::Text(&self.product)), ("RESET_URL", Value::Text(url))];
        let subject = format!("Password reset request for the {} app.", self.product);
        Mail::html(to, subject, fill(&self.reset_by_web, &values))
    }

    /// The page `/landing`: a form that posts `token`, `email` and the hash `password` to `updatePassword`.
    pub fn new_password_page(&self, email: &str, token: &str) -> String {
        fill(&self.new_password, &[("EMAIL", Value::Text(email)), ("TOKEN", Value::Text(token))])
    }

    /// Mail 10: links to exported history.
    pub fn history(&self, to: &str, project: Option<&str>, files: &[HistoryFile]) -> Mail {
        let links: String = files
            .iter()
            .map(|file| format!("<a href=\"{}\">{}</a><br>", escape(file.url), escape(&file.label)))
            .collect();
        let subject = format!("History graph data for project {}", project.unwrap_or_default());
        Mail::html(to, subject, format!("<html><body>{links}</body></html>"))
    }

    /// Mail 11: a report. `section` is HTML (use [`escape`] for names in it).
    pub fn report(&self, to: &[&str], period: ReportPeriod, name: Option<&str>, section: &str, url: &str) -> Mail {
        let values = [
            ("DOWNLOAD_URL", Value::Text(url)),
            ("DYNAMIC_SECTION", Value::Html(section)),
            ("PRODUCT_NAME", Value::Text(&self.product)),
        ];
        let word = match period {
            ReportPeriod::Daily => "daily",
            ReportPeriod::Weekly => "weekly",
            ReportPeriod::Monthly => "monthly",
            ReportPeriod::OneTime => "one time",
        };
        let subject = format!("Your {word} {} is ready", name.unwrap_or("Report"));
        let mut mail = Mail::html("", subject, fill(&self.report, &values));
        mail.to = to.iter().map(|address| (*address).to_owned()).collect();
        mail
    }
}

fn picture(name: String, text: &str, size: u16) -> Attachment {
    Attachment {
        name,
        content_type: "image/jpeg".to_owned(),
        content_id: None,
        data: AttachmentData::QrJpeg { text: text.to_owned(), size },
    }
}

/// The address is as it is, as apps expect it; only what would end the parameter is encoded.
fn app_reset_url(host: &str, token: &str, email: &str) -> String {
    let email = percent::encode(email).replace("%40", "@").replace("%2B", "+");
    format!("http://{host}/restore?token={token}&email={email}")
}

fn read_text(folder: &Path, name: &str) -> Result<String, TextError> {
    let override_name = name.strip_prefix("static/").map(|rest| format!("static-override/{rest}"));
    for file in override_name.iter().map(String::as_str).chain([name]) {
        let path = folder.join(file);
        if path.is_file() {
            let error = |reason: String| TextError { file: path.display().to_string(), reason };
            let size = std::fs::metadata(&path).map_err(|e| error(e.to_string()))?.len();
            if size > FILE_LIMIT {
                return Err(error("larger than 1 MiB".to_owned()));
            }
            let bytes = std::fs::read(&path).map_err(|e| error(e.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|_| error("not UTF-8".to_owned()))?;
            return Ok(with_line_ends(&text));
        }
    }
    Ok(built_in(name))
}

fn built_in(name: &str) -> String {
    with_line_ends(built_in_texts::find(name).unwrap_or_default())
}

/// Every line, also the last, ends with LF.
fn with_line_ends(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;

//! `mail.properties`: the SMTP server that mails go through.

use super::form::Form;
use super::reader::Reader;
use super::secret::Secret;
use super::table::property_table;

property_table! {
    /// Everything of `mail.properties`. Fields are named as the key after `mail.smtp.`.
    MailConfig {
        host: String, "mail.smtp.host", "SMTP server. When it ends with sparkpostmail.com or amazonaws.com, mails come from mail.from.",
            shipped("smtp.gmail.com"), trim(), reload(), form(Form::Host);
        port: u16, "mail.smtp.port", "Its port.", shipped("587"), range(1, 65535), lenient(), reload();
        auth: bool, "mail.smtp.auth", "Log in with user name and password. When the key is absent: only if there is a password.", shipped("true"), reload();
        username: String, "mail.smtp.username", "Login, and the From address.", shipped("example@gmail.com"), trim(), reload();
        password: Secret, "mail.smtp.password", "Password of that login.", shipped(""), reload();
        starttls_enable: bool, "mail.smtp.starttls.enable", "Encrypt with STARTTLS when the server offers it.", shipped("true"), reload();
        starttls_required: bool, "mail.smtp.starttls.required", "Send nothing when the server does not offer STARTTLS.", code("false"), reload();
        ssl_enable: bool, "mail.smtp.ssl.enable", "Speak TLS from the first byte (usual at port 465).", code("false"), reload();
        ssl_trust: String, "mail.smtp.ssl.trust", "* or names of servers, separated by blanks, whose certificate is not verified. The reference server never verified: a private mail server with a certificate of its own needs this key.",
            code(""), trim(), reload();
        connectiontimeout: u32, "mail.smtp.connectiontimeout", "Longest time to connect; 0 = no limit.",
            shipped("30000"), unit("ms"), range(0, i32::MAX as i64), lenient(), reload();
        timeout: u32, "mail.smtp.timeout", "Longest wait for an answer; 0 = no limit.",
            shipped("120000"), unit("ms"), range(0, i32::MAX as i64), lenient(), reload();
        writetimeout: u32, "mail.smtp.writetimeout", "Longest wait until the server takes data; 0 = as mail.smtp.timeout.",
            code("0"), unit("ms"), range(0, i32::MAX as i64), lenient(), reload();
        localhost: String, "mail.smtp.localhost", "Name of this machine in EHLO; empty = found out.", code(""), trim(), reload(), form(Form::Host);
        envelope_from: String, "mail.smtp.from", "Sender in the envelope, where bounces go; empty = the From address.", code(""), trim(), reload(), form(Form::Mail);
        from: String, "mail.from", "From address of mails through sparkpostmail.com and amazonaws.com; {PRODUCT_NAME} in it is replaced.", code(""), trim(), reload(), form(Form::Mail);
        socket_factory_class: String, "mail.smtp.socketFactory.class", "javax.net.ssl.SSLSocketFactory means the same as mail.smtp.ssl.enable=true.", code(""), trim(), reload(), form(Form::Word(&["javax.net.ssl.SSLSocketFactory"]));
        transport_protocol: String, "mail.transport.protocol", "smtps means the same as mail.smtp.ssl.enable=true; keys may then begin with mail.smtps. instead of mail.smtp.", code("smtp"), trim(), reload(), form(Form::Word(&["smtp", "smtps"]));
    }
    ignored {
        "mail.debug" => "there is no debug output of mail sessions";
        "mail.smtp.debug" => "there is no debug output of mail sessions";
        "mail.smtp.ssl.protocols" => "TLS 1.2 and 1.3 are always offered";
        "mail.smtp.socketFactory.port" => "mail.smtp.port is used";
        "mail.smtp.socketFactory.fallback" => "there is no fall-back to an unencrypted connection";
    }
}

impl MailConfig {
    /// True when anything was set that makes mails possible. The shipped file alone names a server and an account
    /// that does not exist.
    pub(crate) fn is_configured(reader: &Reader<'_>) -> bool {
        ["mail.smtp.host", "mail.smtp.username", "mail.smtp.password"].iter().any(|key| reader.is_set(key))
    }

    /// Settles what depends on several keys.
    pub(crate) fn check(&mut self, reader: &mut Reader<'_>) {
        let old_factory = self.socket_factory_class == "javax.net.ssl.SSLSocketFactory";
        if old_factory || self.transport_protocol.eq_ignore_ascii_case("smtps") {
            self.ssl_enable = true;
        }
        if self.ssl_enable && !reader.is_set("mail.smtp.port") {
            self.port = 465;
        }
        if !reader.is_set("mail.smtp.auth") && self.password.is_empty() {
            self.auth = false;
        }
        let (key, sender) =
            if self.third_party() { ("mail.from", &self.from) } else { ("mail.smtp.username", &self.username) };
        let origin = reader.origin(key);
        if sender.is_empty() || sender.chars().any(char::is_control) {
            reader.errors.push(format!(
                "Invalid value '{}' for property '{key}' in {origin}: an address is expected, mails come from it",
                sender.escape_debug()
            ));
        }
    }

    /// Mails through a bulk mail service: they come from `mail.from`, and the login is not optional.
    pub fn third_party(&self) -> bool {
        self.host.ends_with("sparkpostmail.com") || self.host.ends_with("amazonaws.com")
    }

    /// True when the server must show a certificate that leads to a known root.
    pub fn verify_certificate(&self) -> bool {
        !self.ssl_trust.split_ascii_whitespace().any(|name| name == "*" || name.eq_ignore_ascii_case(&self.host))
    }
}

//! `eyelet mail-test` and `eyelet --test-push`: tries the settings of mail and push services for the operator.

use crate::config::Config;
use crate::notify::http_client::HttpClient;
use crate::notify::local_address::LocalAddresses;
use crate::notify::mail::Mail;
use crate::notify::push_targets::Targets;
use crate::notify::smtp::Mailer;

/// Sends a mail to this address.
///
/// # Errors
/// What the mail server said, or why there is none; one line.
pub fn mail(config: &Config, to: &str) -> Result<String, String> {
    let settings = config.mail.as_ref().ok_or("no mail server is configured: there is no usable mail.properties")?;
    let product = &config.server.product_name;
    let place = format!("{}:{}", settings.host, settings.port);
    let text = format!("This mail was sent by `eyelet mail-test` through {place}. Mails of {product} will arrive.");
    let mailer = Mailer::new(settings, product).map_err(|error| error.to_string())?;
    mailer.send(&Mail::text(to, format!("{product}: a test"), text)).map_err(|error| format!("{place}: {error}"))?;
    Ok(format!("{place} took the mail to {to}"))
}

/// Sends a push through every configured service that needs no phone's token.
///
/// # Errors
/// No service is configured, or one failed; one line per service.
pub fn push(config: &Config) -> Result<String, String> {
    let targets = Targets::new(&config.push_targets, &config.push, &config.server.product_name);
    let client = HttpClient::new(LocalAddresses::Allow);
    let common = targets.test(None, &client).into_iter();
    let accounts = config.push_targets.accounts.keys().flat_map(|email| {
        let lines = targets.test(Some(email), &client);
        lines.into_iter().map(move |line| format!("{email}: {line}"))
    });
    let lines: Vec<String> = common.chain(accounts).collect();
    if lines.is_empty() {
        return Err(
            "no push service is configured in push.properties (the gateway of gcm.properties needs phones)".into()
        );
    }
    let text = lines.join("\n");
    if lines.iter().all(|line| line.ends_with(": sent")) {
        Ok(text)
    } else {
        Err(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_settings_there_is_nothing_to_try() {
        let config = Config::default();
        assert!(mail(&config, "a@b.cc").unwrap_err().contains("mail.properties"));
        assert!(push(&config).unwrap_err().contains("push.properties"));
    }
}

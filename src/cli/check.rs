//! `eyelet doctor`, `eyelet mail-test`: looking for problems without the server.

use argh::FromArgs;

/// look for problems in configuration, ports, certificate, data folder and clock
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "doctor")]
pub struct Doctor {}

/// send a test mail with the settings of mail.properties and show what the mail server says
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "mail-test")]
pub struct MailTest {
    /// mail address of the recipient
    #[argh(positional)]
    pub to: String,
}

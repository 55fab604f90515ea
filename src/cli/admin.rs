//! `eyelet admin`: administrators.

use argh::FromArgs;

/// administrators
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "admin")]
pub struct Admin {
    /// what to do
    #[argh(subcommand)]
    pub action: AdminAction,
}

/// What to do with administrators.
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand)]
pub enum AdminAction {
    /// A new password.
    Reset(AdminReset),
}

/// give the administrator a new random password and show it
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "reset")]
pub struct AdminReset {
    /// mail address, when it is not that of admin.email
    #[argh(option, arg_name = "mail")]
    pub email: Option<String>,
}

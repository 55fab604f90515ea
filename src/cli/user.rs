//! `eyelet user`: accounts.

use argh::FromArgs;

/// add, list, change and delete accounts
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "user")]
pub struct User {
    /// what to do
    #[argh(subcommand)]
    pub action: UserAction,
}

/// What to do with accounts.
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand)]
pub enum UserAction {
    /// A new account.
    Add(UserAdd),
    /// A new password.
    Passwd(UserPasswd),
    /// All accounts.
    List(UserList),
    /// One account less.
    Del(UserDel),
}

/// make an account; its password is asked for, or read from standard input when that is no terminal
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "add")]
pub struct UserAdd {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
    /// may open the admin pages
    #[argh(switch)]
    pub admin: bool,
}

/// give an account a new password; it is asked for, or read from standard input when that is no terminal
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "passwd")]
pub struct UserPasswd {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
}

/// list all accounts
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "list")]
pub struct UserList {}

/// delete an account with its projects; its file is kept in the folder "deleted"
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "del")]
pub struct UserDel {
    /// mail address of the account
    #[argh(positional)]
    pub email: String,
    /// name of the app, Blynk unless told otherwise
    #[argh(option, default = "blynk()", arg_name = "name")]
    pub app: String,
}

/// The app whose accounts almost all are.
fn blynk() -> String {
    "Blynk".to_owned()
}

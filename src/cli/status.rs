//! `eyelet status`, `eyelet health`: what the running server says.

use argh::FromArgs;

/// show connections, rates and memory of the running server
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "status")]
pub struct Status {
    /// as JSON
    #[argh(switch)]
    pub json: bool,
}

/// end with status 0 when the running server answers
#[derive(FromArgs, Debug, PartialEq)]
#[argh(subcommand, name = "health")]
pub struct Health {}

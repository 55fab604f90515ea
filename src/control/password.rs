//! Asks for a password: without showing it on a terminal, else from standard input.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

/// Longest password in bytes.
const LENGTH_MAX: u64 = 1000;

/// Asks the user, twice on a terminal. From a file or pipe the first line is taken.
///
/// # Errors
/// One line for the user.
pub fn ask(prompt: &str) -> Result<String, String> {
    if !io::stdin().is_terminal() {
        return line(&mut io::stdin().lock());
    }
    let hidden = Hidden::new();
    if !hidden.0 {
        show("Attention: the password will be seen, since the program stty is not there.\n");
    }
    let first = prompted(prompt)?;
    let second = prompted("The same again: ")?;
    if first == second {
        Ok(first)
    } else {
        Err("the two passwords differ".to_owned())
    }
}

fn prompted(prompt: &str) -> Result<String, String> {
    show(prompt);
    let answer = line(&mut io::stdin().lock());
    show("\n");
    answer
}

/// A line without its end.
fn line(input: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    input.take(LENGTH_MAX).read_line(&mut line).map_err(|error| format!("no password: {error}"))?;
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    if line.is_empty() {
        return Err("no password was given".to_owned());
    }
    Ok(line)
}

fn show(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The terminal does not show what is typed while this lives (true: it obeyed).
struct Hidden(bool);

impl Hidden {
    fn new() -> Hidden {
        Hidden(stty("-echo"))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if self.0 {
            stty("echo");
        }
    }
}

/// Changes the terminal that is standard input.
fn stty(argument: &str) -> bool {
    let status = Command::new("stty").arg(argument).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(line(&mut &b"geheim word\r\nnext\n"[..]).unwrap(), "geheim word");
        assert_eq!(line(&mut &b" x "[..]).unwrap(), " x ");
        assert!(line(&mut &b"\n"[..]).is_err() && line(&mut &b""[..]).is_err());
    }
}

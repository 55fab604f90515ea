//! What the documents say can be done: their commands are understood, their keys exist, their links lead somewhere.

use eyelet::cli::{self, Stop};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All documents for people, with their texts.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md")];
    paths.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of code blocks with the language of their block, those that end in `\` joined.
fn code(text: &str) -> Vec<(String, String)> {
    let mut language: Option<String> = None;
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("```") {
            language = if language.is_none() { Some(rest.to_owned()) } else { None };
        } else if let Some(language) = &language {
            let part = line.trim();
            match lines.last_mut().filter(|_| is_open) {
                Some((_, last)) => last.push_str(part.trim_end_matches('\\')),
                None => lines.push((language.clone(), part.trim_end_matches('\\').to_owned())),
            }
            is_open = part.ends_with('\\');
        }
    }
    lines
}

/// Texts between backticks outside of code blocks.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// How documents call the program.
const CALLS: [&str; 6] = [
    "cargo run --release -- ",
    "docker exec -i eyelet eyelet ",
    "docker exec eyelet eyelet ",
    "sudo eyelet ",
    "/usr/bin/eyelet ",
    "eyelet ",
];

/// The words after the program's name, if a line calls it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.split(" #").next()?.split([';', '|', '<', '>']).next()?.trim();
    let words = CALLS.iter().find_map(|call| line.strip_prefix(call))?;
    Some(words.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn commands_are_understood() {
    let mut count = 0;
    for (path, text) in documents() {
        let inline = quoted(&text).into_iter().map(|text| (String::new(), text.replace('\n', " ")));
        for (_, line) in code(&text).into_iter().chain(inline) {
            let Some(words) = arguments(&line) else { continue };
            match cli::parse(&words) {
                // A command that is only named.
                Err(Stop::Usage(why)) if words.len() == 1 && why.contains("not provided") => {}
                Err(Stop::Usage(_)) if words.len() == 1 && words[0] == "user" => {}
                Err(Stop::Usage(why)) => panic!("{}: {line:?}: {why}", path.display()),
                Err(Stop::Help(_)) => {}
                Ok(cli) => assert!(cli.ignored.is_empty(), "{}: {line:?}: {:?}", path.display(), cli.ignored),
            }
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

#[test]
fn keys_exist() {
    let manual = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut count = 0;
    for (path, text) in documents() {
        for (_, line) in code(&text).into_iter().filter(|(language, _)| language == "properties") {
            let Some((key, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            assert!(manual.contains(&format!("| `{key}` |")), "{}: {key}", path.display());
            count += 1;
        }
        let is_key = |text: &&str| {
            let parts: Vec<&str> = text.split('.').collect();
            let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
            let first = parts[0];
            parts.len() > 2
                && parts.iter().all(word)
                && [
                    "http", "https", "hardware", "user", "server", "mail", "force", "log", "logs", "profile",
                    "history", "store", "acme", "hard", "app", "admin", "web", "ota",
                ]
                .contains(&first)
        };
        for key in quoted(&text).into_iter().filter(is_key) {
            assert!(manual.contains(&format!("`{key}`")), "{}: {key}", path.display());
            count += 1;
        }
    }
    assert!(count > 20, "only {count} keys were found");
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for (path, text) in documents() {
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                let file = path.parent().unwrap().join(target);
                assert!(file.exists(), "{}: {target}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} links were found");
}

#[test]
fn the_manual_page_has_every_command_and_option() {
    let page = fs::read_to_string(root().join("docs/eyelet.1")).unwrap();
    let Err(Stop::Help(help)) = cli::parse(&["--help".to_owned()]) else { panic!() };
    let (options, commands) = help.split_once("Commands:").unwrap();
    for command in commands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' ')) {
        let name = command.split_whitespace().next().unwrap();
        assert!(page.contains(&format!(".It Cm {name}")), "{name}");
    }
    let camel = |name: &str| {
        let mut parts = name.split('-');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
    };
    for line in options.lines().filter_map(|line| line.strip_prefix("  --")) {
        let name = line.split([' ', ',']).next().unwrap();
        let is_there = page.contains(&format!("Fl {}", camel(name))) || page.contains(&format!("Fl -{name}"));
        assert!(is_there, "--{name}");
    }
}

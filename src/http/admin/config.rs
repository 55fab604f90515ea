//! Settings (spec 05 §9.3).
//!
//! * `GET /config`: the names. `GET /config/{name}`: `{"name","body":"key=value\n..."}`, effective values, secrets masked.
//! * `PUT /config/{name}`, `{"name","body"}`: changes the running server, never the files. The answer repeats what was sent,
//!   and tells in `changed` which keys count from now on and in `ignored` which need the file and a restart.
//!
//! Of other files than `server.properties` and the mail text nothing changes. Errors: 404 for an unknown name, 400 with the
//! reasons for values that cannot be.

use super::lists::{self, Cell};
use crate::config::properties::Properties;
use crate::config::{Config, PropertyFile};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::rest::json;
use crate::hub::Hub;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Write;
use std::rc::Rc;

const TOKEN_MAIL: &str = "single_token_mail_body.txt";
/// What a secret looks like; saved back it changes nothing.
const MASK: &str = "***";
/// Longest text of mails, bytes.
const TEXT_MAX: usize = 64 * 1024;

const FILES: [(&str, PropertyFile); 5] = [
    ("server.properties", PropertyFile::Server),
    ("mail.properties", PropertyFile::Mail),
    ("gcm.properties", PropertyFile::Gcm),
    ("db.properties", PropertyFile::Db),
    ("twitter4j.properties", PropertyFile::Twitter),
];

/// See the module.
pub fn list(_: &mut Hub, request: &Request) -> Response {
    let query = lists::query(request);
    let mut names: Vec<&str> = FILES.iter().map(|(name, _)| *name).chain([TOKEN_MAIL]).collect();
    lists::sort(&mut names, &query, |name, field| (field == "name").then(|| Cell::from(*name)));
    let total = names.len().to_string();
    let rows: Vec<_> = lists::page(&names, &query, 100).iter().map(|name| json!({ "name": name })).collect();
    lists::json(&rows).with("x-total-count", total)
}

#[derive(Serialize, Deserialize)]
struct Text {
    name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
}

/// See the module.
pub fn get(hub: &mut Hub, request: &Request) -> Response {
    let name = request.var(0);
    let body = match FILES.iter().find(|(known, _)| *known == name) {
        Some((_, file)) => lines(&hub.config, *file),
        None if name == TOKEN_MAIL => hub.texts.token_tail.clone(),
        None => return Response::empty(404),
    };
    lists::json(&Text { name: Some(name.to_owned()), body })
}

fn lines(config: &Config, file: PropertyFile) -> String {
    let mut text = String::new();
    let tables = config.tables().into_iter().filter(|(known, _)| *known == file);
    for (key, value) in tables.flat_map(|(_, entries)| entries) {
        let _ = writeln!(text, "{}={value}", key.name);
    }
    text
}

/// See the module.
pub fn put(hub: &mut Hub, request: &Request) -> Response {
    let answer = |hub: &mut Hub| -> Result<Response, Response> {
        let text: Text = json::body(request)?;
        let name = request.var(0);
        let (changed, ignored) = match name {
            TOKEN_MAIL if text.body.len() > TEXT_MAX => {
                return Err(Response::text(400, "The text is too long."));
            }
            TOKEN_MAIL => {
                Rc::make_mut(&mut hub.texts).token_tail.clone_from(&text.body);
                (vec![TOKEN_MAIL], Vec::new())
            }
            "server.properties" => change(hub, &text.body)?,
            _ => match FILES.iter().find(|(known, _)| *known == name) {
                Some((_, file)) => {
                    let given = given(&hub.config, *file, &text.body)?;
                    (Vec::new(), given.into_iter().map(|(name, _)| name).collect())
                }
                None => return Err(Response::empty(404)),
            },
        };
        log::info!("settings changed by an administrator until the next start: {changed:?}");
        let body = json!({ "name": name, "body": text.body, "changed": changed, "ignored": ignored });
        Ok(Response::json(body.to_string()))
    };
    answer(hub).unwrap_or_else(|refusal| refusal)
}

/// What a text sets otherwise than it is. Errors: 400 for what is no properties, or names none of this file.
fn given(config: &Config, file: PropertyFile, body: &str) -> Result<Vec<(&'static str, String)>, Response> {
    let bad = |reason: String| Response::text(400, reason);
    let properties = Properties::parse_text(body).map_err(|error| bad(error.to_string()))?;
    let tables = config.tables().into_iter().filter(|(known, _)| *known == file);
    let shown: Vec<_> = tables.flat_map(|(_, entries)| entries).collect();
    let mut given = Vec::new();
    for (name, entry) in properties.iter() {
        let Some((key, old)) = shown.iter().find(|(key, _)| key.name == name) else {
            return Err(bad(format!("There is no setting '{name}'.")));
        };
        if entry.value != *old && entry.value != MASK {
            given.push((key.name, entry.value.clone()));
        }
    }
    Ok(given)
}

/// Takes over what the running server can take. Returns the names of keys that it took, and of others that differ.
fn change(hub: &mut Hub, body: &str) -> Result<(Vec<&'static str>, Vec<&'static str>), Response> {
    let given = given(&hub.config, PropertyFile::Server, body)?;
    let server = hub
        .config
        .server
        .with(&given)
        .map_err(|errors| Response::text(400, errors.join("\n").replace(" in request:0", "")))?;
    let mut config = Config::clone(&hub.config);
    let mut ignored = config.server.adopt(&server);
    // Others only look different: secrets, and what nobody set.
    ignored.retain(|name| given.iter().any(|(other, _)| other == name));
    let changed = given.into_iter().map(|(name, _)| name).filter(|name| !ignored.contains(name)).collect();
    hub.config = Rc::new(config);
    Ok((changed, ignored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing, Method};
    use crate::hub::testing as hubs;

    fn ask(name: &str) -> Request {
        testing::request(Method::Get, "/config?_sortField=name&_sortDir=ASC", &[name])
    }

    fn body(response: Response) -> serde_json::Value {
        assert_eq!(response.status, 200, "{response:?}");
        serde_json::from_slice(&response.body).unwrap()
    }

    #[test]
    fn secrets_are_masked() {
        let mut hub = hubs::hub();
        let mut config = Config::for_tests();
        config.server.admin_pass = "geheim".into();
        hub.config = Rc::new(config);
        let shown = body(get(&mut hub, &ask("server.properties")));
        let text = shown["body"].as_str().unwrap();
        assert!(text.contains("admin.pass=***\n") && text.contains("listen.address=127.0.0.1\n"), "{text}");
        assert!(!text.contains("geheim"));
        assert_eq!(get(&mut hub, &ask("passwd")).status, 404);
        let names = list(&mut hub, &ask(""));
        assert_eq!(names.header("x-total-count"), Some("6"));
        assert_eq!(body(names)[0]["name"], "db.properties");
    }

    #[test]
    fn what_can_change_changes() {
        let mut hub = hubs::hub();
        let mut put = |name: &str, body: &str| {
            let body = json!({ "name": name, "body": body }).to_string();
            super::put(&mut hub, &testing::json(Method::Put, "", &[name], &body))
        };
        let told = body(put("server.properties", "user.message.quota.limit=7\nadmin.pass=***\nhttp.port=81"));
        assert_eq!((&told["changed"], &told["ignored"]), (&json!(["user.message.quota.limit"]), &json!(["http.port"])));
        assert_eq!(put("server.properties", "user.message.quota.limit=many").status, 400);
        assert_eq!(put("server.properties", "no.such=1").status, 400);
        let told = body(put("mail.properties", "mail.smtp.host=mx.example.org\nmail.smtp.password=***"));
        assert_eq!((&told["changed"], &told["ignored"]), (&json!([]), &json!(["mail.smtp.host"])));
        assert_eq!(put("mail.properties", "no.such=1").status, 400);
        assert_eq!(put("none.properties", "").status, 404);
        body(put(TOKEN_MAIL, "tail"));
        assert_eq!(hub.texts.token_tail, "tail");
        assert_eq!(hub.config.server.user_message_quota_limit, 7);
    }
}

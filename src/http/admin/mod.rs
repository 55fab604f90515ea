//! What administrators see: the page, and the JSON that it and scripts use (spec 05 §7-§10).
//!
//! * [`login`]: sessions. [`page`]: the page itself. [`users`], [`tokens`]: accounts. [`stats`]: numbers in [`lists`].
//! * [`config`]: settings. [`ota`]: firmware.
//!
//! Everything passes [`enter`] first.

pub mod config;
pub mod lists;
pub mod login;
pub mod ota;
pub mod page;
pub mod stats;
pub mod tokens;
pub mod users;

use super::request::Request;
use super::response::Response;
use super::router::{Area, Guard};
use crate::hub::{Hub, UserId};
use crate::model::MAIN_APP;
use crate::store::accounts::password_hash;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::net::IpAddr;

/// Lets a request in, and notes in it who is logged in.
///
/// Errors: the answer for those who may not. Addresses that are not in `allowed.administrator.ips` get none at all, who is
/// not logged in gets 404, a wrong password 403 `Authentication failed.`, and after many of those 429. Who comes from the internet with a
/// password that everybody knows gets 403 until it is changed from nearer by; in the own network only the page insists.
pub fn enter(hub: &mut Hub, request: &mut Request, area: Area) -> Result<(), Response> {
    let Area::Admin(guard) = area else { return Ok(()) };
    if !hub.config.server.allowed_administrator_ips.contains(request.origin.address) {
        log::error!("{} may not open the admin pages (allowed.administrator.ips)", request.origin.address);
        return Err(Response::silence());
    }
    request.admin = match guard {
        Guard::Nobody => return Ok(()),
        Guard::Session | Guard::Newcomer => by_session(hub, request),
        Guard::Password => by_password(hub, request)?,
        Guard::Either => match by_session(hub, request) {
            None => by_password(hub, request)?,
            found => found,
        },
    };
    let user = request.admin.ok_or_else(|| Response::empty(404))?;
    if !is_near(request.origin.address) && guard != Guard::Newcomer && login::has_known_password(hub, user) {
        let advice = "Everybody knows this password. Please choose another one from the server's own network, or by: eyelet admin reset";
        return Err(Response::text(403, advice));
    }
    Ok(())
}

/// Whether an address is of the own machine or a private network. Not those that stand for somebody else's: of a provider's address
/// translation, of 6to4 and NAT64.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The administrator of the cookie, unless another site's page sent it.
fn by_session(hub: &mut Hub, request: &Request) -> Option<UserId> {
    if request.header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return None;
    }
    secrets(request).find_map(|secret| hub.session(secret))
}

/// All values of the session cookie: a browser may send an old one, too.
pub fn secrets(request: &Request) -> impl Iterator<Item = &str> {
    let cookies = request.headers.iter().filter(|(name, _)| name == "cookie").flat_map(|(_, value)| value.split(';'));
    cookies.filter_map(|cookie| cookie.trim().strip_prefix("session=")).filter(|secret| !secret.is_empty()).take(4)
}

/// The administrator whose e-mail and password the request names; `None` when it names none.
fn by_password(hub: &mut Hub, request: &Request) -> Result<Option<UserId>, Response> {
    let credentials = || {
        let (scheme, rest) = request.header("authorization")?.split_once(' ')?;
        let text = STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(text).ok()?;
        let (email, password) = text.split_once(':')?;
        Some((email.to_lowercase(), password.to_owned()))
    };
    let Some((email, password)) = credentials() else { return Ok(None) };
    match check(hub, request, &email, &password_hash(&email, &password))? {
        Some(user) => Ok(Some(user)),
        None => Err(Response::text(403, "Authentication failed.")),
    }
}

/// The administrator with this e-mail and hash.
///
/// Errors: 429, when this address failed too often.
pub fn check(hub: &mut Hub, request: &Request, email: &str, hash: &str) -> Result<Option<UserId>, Response> {
    let (ticks, peer) = (hub.ticks(), request.origin.address);
    if !hub.admin_attempts.allows(peer, ticks) {
        return Err(Response::text(429, "Too many failed logins. Please try again in a few minutes."));
    }
    let found = hub.users.find(email, MAIN_APP).filter(|user| {
        let account = hub.users.get(*user).filter(|account| account.user.is_super_admin);
        account.and_then(|account| account.user.pass.as_deref()).is_some_and(|pass| is_same(pass, hash))
    });
    if found.is_none() {
        hub.admin_attempts.failed(peer, ticks);
        log::warn!("administrator login from {peer} failed");
    }
    Ok(found)
}

/// Compares secrets in a time that says nothing about where they differ.
fn is_same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::hub::testing;
    use std::rc::Rc;

    fn world() -> (Hub, UserId) {
        let mut hub = testing::hub();
        let mut config = crate::config::Config::for_tests();
        config.server.allowed_administrator_ips =
            crate::config::address::Networks(vec![crate::config::address::Network::parse("127.0.0.0/8").unwrap()]);
        hub.config = Rc::new(config);
        let user = testing::user(&mut hub, "root@b.cc", r#"{"id":1}"#);
        let account = &mut hub.users.get_mut(user).unwrap().user;
        (account.is_super_admin, account.pass) = (true, Some(password_hash("root@b.cc", "a:b")));
        (hub, user)
    }

    fn ask(name: &str, value: &str) -> Request {
        let mut request = request(Method::Get, "/", &[]);
        request.headers.push((name.into(), value.into()));
        request
    }

    #[test]
    fn passwords_may_hold_colons_and_names_any_case() {
        let (mut hub, user) = world();
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let mut right = ask("authorization", &basic("Root@B.cc:a:b"));
        assert_eq!(enter(&mut hub, &mut right, Area::Admin(Guard::Password)), Ok(()));
        assert_eq!(right.admin, Some(user));
        assert_eq!(enter(&mut hub, &mut right, Area::Admin(Guard::Session)).unwrap_err().status, 404);
        let mut wrong = ask("authorization", &basic("root@b.cc:a"));
        let refused = enter(&mut hub, &mut wrong, Area::Admin(Guard::Either)).unwrap_err();
        assert_eq!(refused.shown(), (403, "Authentication failed."));
        for absent in ["", "Basic %", "Bearer x", "Basic eA=="] {
            let mut request = ask("authorization", absent);
            assert_eq!(enter(&mut hub, &mut request, Area::Admin(Guard::Password)).unwrap_err().status, 404);
        }
        for _ in 0..30 {
            let _ = enter(&mut hub, &mut wrong, Area::Admin(Guard::Password));
        }
        assert_eq!(enter(&mut hub, &mut right, Area::Admin(Guard::Password)).unwrap_err().status, 429);
    }

    #[test]
    fn cookies_count_only_from_the_own_site_and_address() {
        let (mut hub, user) = world();
        let secret = hub.open_session(user).unwrap();
        let mut request = ask("cookie", &format!("a=b; session=old; session={secret}"));
        assert_eq!(enter(&mut hub, &mut request, Area::Admin(Guard::Session)), Ok(()));
        request.headers.push(("sec-fetch-site".into(), "cross-site".into()));
        assert_eq!(enter(&mut hub, &mut request, Area::Admin(Guard::Session)).unwrap_err().status, 404);
        request.headers.pop();
        request.origin.address = "10.0.0.1".parse().unwrap();
        assert!(enter(&mut hub, &mut request, Area::Admin(Guard::Nobody)).unwrap_err().silent);
    }

    #[test]
    fn a_well_known_password_opens_nothing_to_the_internet() {
        let (mut hub, user) = world();
        hub.config = Rc::new(crate::config::Config::for_tests());
        let known = |hub: &mut Hub, password: &str, from: &str, guard: Guard| {
            hub.users.get_mut(user).unwrap().user.pass = Some(password_hash("root@b.cc", password));
            let mut request = match guard {
                Guard::Password => {
                    ask("authorization", &format!("Basic {}", STANDARD.encode(format!("root@b.cc:{password}"))))
                }
                _ => ask("cookie", &format!("session={}", hub.open_session(user).unwrap())),
            };
            request.origin.address = from.parse().unwrap();
            enter(hub, &mut request, Area::Admin(guard)).map_err(|refusal| refusal.status)
        };
        for guard in [Guard::Session, Guard::Password, Guard::Either] {
            assert_eq!(known(&mut hub, "admin", "198.51.100.1", guard), Err(403));
            assert_eq!(known(&mut hub, "admin", "2001:db8::1", guard), Err(403));
            assert_eq!(known(&mut hub, "s3cret", "198.51.100.1", guard), Ok(()));
            for far in ["100.64.0.1", "64:ff9b::c633:6401", "2002:c633:6401::1", "::ffff:198.51.100.1"] {
                assert_eq!(known(&mut hub, "admin", far, guard), Err(403));
            }
            for near in ["127.0.0.1", "192.168.1.7", "::ffff:10.0.0.1", "fd12::1", "fe80::1", "::1"] {
                assert_eq!(known(&mut hub, "admin", near, guard), Ok(()));
            }
        }
        assert_eq!(known(&mut hub, "admin", "198.51.100.1", Guard::Newcomer), Ok(()));
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(is_same("abc", "abc") && is_same("", ""));
        assert!(!is_same("abc", "abd") && !is_same("abc", "ab") && !is_same("", "a"));
    }
}

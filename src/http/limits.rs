//! How much one address and one device token may ask for: far more than devices, scripts and people do. Loopback is not
//! limited, since people run their own gateways on the server.

use super::request::Request;
use super::response::Response;
use super::router::Route;
use crate::hub::Hub;

/// Counts a request in.
///
/// Errors: the answer 429 for one too many.
pub fn admit(hub: &mut Hub, request: &Request, route: &Route) -> Result<(), Response> {
    let address = request.origin.address;
    if address.is_loopback() {
        return Ok(());
    }
    let (ticks, config) = (hub.ticks(), &hub.config.server);
    let mut within = hub.http_rates.of_address(address, ticks, config.http_requests_per_address);
    if let Some(device) = hub.tokens.device(request.var(0)).filter(|_| route.is_of_device()) {
        within &= hub.http_rates.of_device(device, ticks, config.user_message_quota_limit);
    }
    if within {
        Ok(())
    } else {
        Err(Response::text(429, "Too many requests."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::{testing::request, Method};
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::http::router::{find, Found};
    use crate::hub::testing;

    #[test]
    fn tokens_and_addresses_have_their_rates() {
        let (mut hub, _) = hub_with("[]");
        let path = format!("/{TOKEN}/get/v1");
        let Found::Route(route, _) = find(Method::Get, &path, false) else { panic!() };
        let mut ask = request(Method::Get, &path, &[TOKEN, "v1"]);
        let count = |hub: &mut Hub, ask: &Request| (0..9000).filter(|_| admit(hub, ask, route).is_ok()).count();
        assert_eq!(count(&mut hub, &ask), 9000, "loopback");
        ask.origin.address = "192.0.2.1".parse().unwrap();
        assert_eq!(count(&mut hub, &ask), 1000, "the token's rate");
        ask.vars[0] = "nobody".into();
        ask.origin.address = "192.0.2.2".parse().unwrap();
        assert_eq!(count(&mut hub, &ask), 5000, "the address's rate");
        assert_eq!(admit(&mut hub, &ask, route).unwrap_err().shown(), (429, "Too many requests."));
        testing::advance(&mut hub, 1000);
        assert_eq!(count(&mut hub, &ask), 500);
    }
}

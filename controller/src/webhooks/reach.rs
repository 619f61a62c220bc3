//! Where deliveries may go. An address is checked after its name was resolved, and the connection is made to what was
//! checked. Link-local addresses, where clouds keep what they tell their machines, are refused always; loopback and
//! private ones unless the operator says so.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How far deliveries reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Also into the operator's own network.
    pub(super) private: bool,
}

impl Reach {
    /// `scheme://host:port` of an address, or why nothing is sent there.
    pub(super) fn host(self, url: &str) -> Result<String, String> {
        let url = Url::parse(url).map_err(|error| format!("the address is none: {error}"))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err("an address begins with https:// or http://".to_owned());
        }
        let Some(host) = url.host_str() else { return Err("the address has no host".to_owned()) };
        // A name is checked once it is resolved.
        if let Ok(ip) = host.trim_matches(['[', ']']).parse()
            && let Some(why) = self.why_not(ip)
        {
            return Err(why);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(format!("{}://{host}{port}", url.scheme()))
    }

    /// Why nothing is sent to an address.
    pub(super) fn why_not(self, ip: IpAddr) -> Option<String> {
        let ip = plain(ip);
        if is_never(ip) {
            return Some(format!("nothing is sent to {ip}: it is no address of a receiver"));
        }
        (!self.private && is_private(ip))
            .then(|| format!("nothing is sent to {ip}: it is a private address, and the operator did not allow those"))
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (refused, allowed): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|at| reach.why_not(at.ip()).is_some());
            match refused.first().and_then(|at| reach.why_not(at.ip())) {
                Some(why) if allowed.is_empty() => Err(why.into()),
                Some(_) | None => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// An IPv4 address however it is wrapped.
fn plain(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = ip else { return ip };
    let [a, b, c, d, e, f, g, h] = six.segments();
    let four = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(one, two, three, four))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => four(g, h),
        [0, 0, 0, 0, 0, 0] if g != 0 => four(g, h),
        [0x2002, high, low, ..] => four(high, low),
        _ => ip,
    }
}

fn is_never(ip: IpAddr) -> bool {
    // What AWS answers at by IPv6.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match ip {
        IpAddr::V4(four) => {
            let first = four.octets()[0];
            // 100.100.100.200 is what Alibaba's machines ask.
            first == 0 || first >= 224 || four.is_link_local() || four == Ipv4Addr::new(100, 100, 100, 200)
        }
        IpAddr::V6(six) => six.is_unspecified() || six.is_multicast() || six.is_unicast_link_local() || six == METADATA,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let tests = a == 198 && (18..20).contains(&b);
            four.is_loopback() || four.is_private() || shared || tests || [a, b, c] == [192, 0, 0]
        }
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local() || six.segments()[0] & 0xffc0 == 0xfec0,
    }
}

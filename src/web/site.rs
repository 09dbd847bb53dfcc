//! How a listener is found: its names and addresses, what links to it begin with, and which other
//! sites' pages may use its API. Knows no request and no socket.

use std::net::IpAddr;

use crate::engine::AddressRange;

/// How a listener is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Scheme, host and port where it listens, such as `http://127.0.0.1:18080`.
    base: String,
    /// Where people find it, if elsewhere (behind a proxy).
    public: Option<String>,
    /// Names and addresses of this machine, lower case, besides those of every machine.
    names: Vec<String>,
    /// Origins whose pages may use the API.
    cross_origins: Vec<String>,
    /// Proxies whose word is taken for where a request comes from.
    proxies: Vec<AddressRange>,
    /// SHA-256 of the certificate, over HTTPS.
    fingerprint: Option<String>,
}

/// Names that every machine has for itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl Site {
    /// A site at `base` (scheme, host and port).
    #[must_use]
    pub fn at(base: String) -> Self {
        Self { base, ..Self::default() }
    }

    /// The same, found by people under `public`, an origin, if there is one.
    #[must_use]
    pub fn found_under(self, public: Option<String>) -> Self {
        Self { public, ..self }
    }

    /// The same, on a machine with these names and addresses.
    #[must_use]
    pub fn named(self, names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { names, ..self }
    }

    /// The same, with other origins whose pages may use the API.
    #[must_use]
    pub fn open_to(self, origins: Vec<String>) -> Self {
        Self { cross_origins: origins, ..self }
    }

    /// The same, behind proxies whose word is taken for where a request comes from.
    #[must_use]
    pub fn behind(self, proxies: Vec<AddressRange>) -> Self {
        Self { proxies, ..self }
    }

    /// Where a request comes from that came in from `peer`: from there, or, where that is a proxy that is
    /// trusted, from the last address before it that is none. `passed_on` is what proxies say, nearest
    /// last. What cannot be read ends the search at the proxy that said it.
    #[must_use]
    pub fn origin_of<'t>(
        &self,
        peer: IpAddr,
        passed_on: impl DoubleEndedIterator<Item = &'t str>,
    ) -> IpAddr {
        let mut at = peer.to_canonical();
        for said in passed_on.rev() {
            if !self.proxies.iter().any(|range| range.contains(at)) {
                break;
            }
            match said.trim().parse::<IpAddr>() {
                Ok(address) => at = address.to_canonical(),
                Err(_) => break,
            }
        }
        at
    }

    /// The same, with the SHA-256 of its certificate.
    #[must_use]
    pub fn certified(self, fingerprint: Option<String>) -> Self {
        Self { fingerprint, ..self }
    }

    /// Scheme, host and port where it listens.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What links begin with.
    #[must_use]
    pub fn link_base(&self) -> &str {
        self.public.as_deref().unwrap_or(&self.base)
    }

    /// Whether people find it elsewhere than where it listens: behind a proxy, say.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.public.is_some()
    }

    /// Whether it speaks HTTPS itself.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Whether browsers reach it over HTTPS: it speaks that itself, or what stands in front does.
    #[must_use]
    pub fn is_seen_over_https(&self) -> bool {
        let public = self.public.as_deref();
        self.is_https() || public.is_some_and(|public| public.starts_with("https:"))
    }

    /// SHA-256 of its certificate, over HTTPS.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Whether pages of `origin` may use the API.
    #[must_use]
    pub fn is_open_to(&self, origin: &str) -> bool {
        self.cross_origins.iter().any(|listed| same_origin(listed, origin))
    }

    /// Whether `origin` is this site, which the request calls `host`.
    #[must_use]
    pub fn is_origin(&self, origin: &str, host: &str) -> bool {
        let scheme = if self.is_https() { "https" } else { "http" };
        let own = split_origin(origin)
            .is_some_and(|(s, h)| s.eq_ignore_ascii_case(scheme) && same_host(s, h, host));
        own || self.public.as_deref().is_some_and(|public| same_origin(public, origin))
    }

    /// Whether `host` (name and perhaps port) is a name of this site. A page elsewhere can have a
    /// name of its own point here; it then talks to this site, but calls it by the wrong name.
    #[must_use]
    pub fn is_called(&self, host: &str) -> bool {
        let name = name_of(host);
        let of_origin = |origin: &str| {
            split_origin(origin).is_some_and(|(_, host)| name_of(host).eq_ignore_ascii_case(name))
        };
        LOOPBACK.iter().any(|known| name.eq_ignore_ascii_case(known))
            || self.names.iter().any(|known| name.eq_ignore_ascii_case(known))
            || of_origin(&self.base)
            || self.public.as_deref().is_some_and(of_origin)
    }
}

/// Whether two origins are the same, whatever the case and whether the usual port is written.
fn same_origin(one: &str, other: &str) -> bool {
    match (split_origin(one), split_origin(other)) {
        (Some((s1, h1)), Some((s2, h2))) => s1.eq_ignore_ascii_case(s2) && same_host(s1, h1, h2),
        (Some(_) | None, _) => false,
    }
}

fn split_origin(origin: &str) -> Option<(&str, &str)> {
    origin.split_once("://").filter(|(_, host)| !host.is_empty() && !host.contains('/'))
}

fn same_host(scheme: &str, one: &str, other: &str) -> bool {
    let usual = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let bare = |host: &'_ str| host.strip_suffix(usual).map_or(host.len(), str::len);
    let (one, other) = (one.get(..bare(one)), other.get(..bare(other)));
    one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// The name in `host`, without its port; the brackets of an IPv6 address stay.
fn name_of(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').and_then(|end| host.get(..=end)).unwrap_or(host);
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_by_its_own_names_only() {
        let site = Site::at("http://192.168.1.5:18080".into())
            .named(["Rack-7".into(), "rack-7.local".into()])
            .found_under(Some("https://pack.example.org".into()));
        for own in [
            "localhost:18080",
            "127.0.0.1",
            "[::1]:18080",
            "192.168.1.5:1",
            "rack-7:18080",
            "RACK-7.local",
            "pack.example.org",
        ] {
            assert!(site.is_called(own), "{own}");
        }
        for other in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]", "::1"]
        {
            assert!(!site.is_called(other), "{other}");
        }
    }

    #[test]
    fn an_origin_is_its_own_when_scheme_host_and_port_are() {
        let site = Site::at("http://127.0.0.1:18080".into())
            .found_under(Some("https://pack.example.org".into()));
        assert!(site.is_origin("http://127.0.0.1:18080", "127.0.0.1:18080"));
        assert!(site.is_origin("http://LOCALHOST:18080", "localhost:18080"));
        assert!(site.is_origin("https://pack.example.org", "127.0.0.1:18080"));
        assert!(site.is_origin("https://pack.example.org:443", "127.0.0.1:18080"));
        for other in [
            "https://127.0.0.1:18080",
            "http://127.0.0.1:18081",
            "http://pack.example.org",
            "null",
            "http://",
            "http://127.0.0.1:18080/x",
        ] {
            assert!(!site.is_origin(other, "127.0.0.1:18080"), "{other}");
        }
        let plain = Site::at("http://rack:80".into());
        assert!(
            plain.is_origin("http://rack", "rack") && plain.is_origin("http://rack", "rack:80")
        );
    }

    #[test]
    fn other_sites_are_let_in_by_the_list() {
        let site = Site::at("http://127.0.0.1:18080".into())
            .open_to(vec!["https://dash.example.org".into()]);
        assert!(site.is_open_to("https://dash.example.org"));
        assert!(!site.is_open_to("https://dash.example.org.evil.example"));
        assert!(!site.is_open_to("http://dash.example.org"));
    }

    #[test]
    fn a_proxys_word_counts_only_where_it_is_trusted_and_only_as_far_as_it_reaches() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = vec!["10.0.0.1".parse().unwrap(), "10.0.1.0/24".parse().unwrap()];
        let site = Site::at("https://rack:1".into()).behind(proxies);
        let from = |peer: &str, said: &str| site.origin_of(ip(peer), said.split(',')).to_string();
        assert_eq!(from("192.0.2.9", "10.9.9.9"), "192.0.2.9", "nobody trusts it");
        assert_eq!(from("10.0.0.1", "192.0.2.5"), "192.0.2.5");
        assert_eq!(from("::ffff:10.0.0.1", "192.0.2.5"), "192.0.2.5");
        // What a browser says of itself stands to the left of what the proxy says of the browser.
        assert_eq!(from("10.0.0.1", "10.9.9.9, 192.0.2.5"), "192.0.2.5");
        assert_eq!(from("10.0.0.1", "10.9.9.9, 192.0.2.5, 10.0.1.7"), "192.0.2.5");
        assert_eq!(from("10.0.0.1", "10.9.9.9, unknown"), "10.0.0.1");
        assert_eq!(
            Site::default().origin_of(ip("10.0.0.1"), ["1.2.3.4"].into_iter()),
            ip("10.0.0.1")
        );
    }
}

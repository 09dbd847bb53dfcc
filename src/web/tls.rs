//! HTTPS: a certificate from given files, or one that Busbar makes for itself and keeps in the data
//! folder, so that its fingerprint stays the same. Knows no connection.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig, crypto::ring};

use crate::base::time::Wall;

/// How long a made certificate is good for, in days: as long as phones accept at most.
const GOOD_DAYS: i64 = 825;
/// How many days before its end a made certificate is replaced.
const RENEW_DAYS: i64 = 30;
/// Most names in a made certificate.
const NAMES: usize = 64;
/// Largest file that is read, in bytes.
const FILE_BYTES: u64 = 1 << 20;

/// Why there is no HTTPS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}: {why}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// A made certificate cannot be kept.
    #[error("cannot write {}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Certificate and key do not work, or do not belong together.
    #[error("the certificate {} and its key cannot be used together", file.display())]
    Pair {
        /// The certificate's file.
        file: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// A certificate with its key, ready to speak HTTPS.
#[derive(Clone, Debug)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    fingerprint: String,
}

/// What is known of a made certificate, kept beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    /// Names and addresses that are in it.
    names: Vec<String>,
    /// Until when it is good.
    expires: String,
}

impl Certificate {
    /// The certificate (its chain) and key in two PEM files.
    ///
    /// # Errors
    /// Says which file is wrong, and how.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let content = |file: &Path, why: &str| TlsError::Content {
            file: file.to_owned(),
            why: why.to_owned(),
        };
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| content(certificate, &format!("not a PEM file ({error})")))?;
        let Some(first) = chain.first() else {
            return Err(content(certificate, "there is no certificate in it"));
        };
        let fingerprint = fingerprint(first);
        let key = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|error| content(key, &format!("there is no private key in it ({error})")))?;
        let pair = |source| TlsError::Pair { file: certificate.to_owned(), source };
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().map_err(pair)?;
        let mut config = config.with_no_client_auth().with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), fingerprint })
    }

    /// The certificate that Busbar made for itself in `folder`, for `names` at least; a new one where
    /// there is none, or it lacks a name, or it ends soon.
    ///
    /// # Errors
    /// It cannot be made or kept.
    pub fn own(folder: &Path, names: &[String], now: Wall) -> Result<Self, TlsError> {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let now =
            Timestamp::from_nanosecond(i128::from(now.nanos())).unwrap_or(Timestamp::UNIX_EPOCH);
        let soon = now.saturating_add((RENEW_DAYS * 24).hours()).unwrap_or(now);
        let made = kept(folder);
        let good = made.as_ref().is_some_and(|made| {
            made.expires.parse::<Timestamp>().is_ok_and(|end| end > soon)
                && names.iter().all(|name| made.names.contains(name))
        });
        if good && let Ok(kept) = Self::from_files(&certificate, &key) {
            return Ok(kept);
        }
        make(folder, names, now)?;
        Self::from_files(&certificate, &key)
    }

    /// SHA-256 of the certificate, as browsers show it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// For the listener.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { file: file.to_owned(), source };
    let size = fs::metadata(file).map_err(failed)?.len();
    if size > FILE_BYTES {
        let why = format!("it has {size} bytes, too many for a certificate or a key");
        return Err(TlsError::Content { file: file.to_owned(), why });
    }
    fs::read(file).map_err(failed)
}

fn kept(folder: &Path) -> Option<Made> {
    toml::from_str(&fs::read_to_string(folder.join("made.toml")).ok()?).ok()
}

/// Makes a certificate for `names` that signs itself, and keeps it in `folder`.
fn make(folder: &Path, names: &[String], now: Timestamp) -> Result<(), TlsError> {
    let names: Vec<String> = names.iter().take(NAMES).cloned().collect();
    let bare = names.iter().map(|name| name.trim_matches(['[', ']']).to_owned());
    let mut params = CertificateParams::new(bare.collect::<Vec<_>>())?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "Busbar");
    params.distinguished_name = subject;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |days: i64| {
        let day = now.saturating_add((days * 24).hours()).unwrap_or(now);
        day.to_zoned(TimeZone::UTC).date()
    };
    // A day back, for clocks that are not quite right.
    let (from, until) = (day(-1), day(GOOD_DAYS));
    let date = |date: jiff::civil::Date| {
        rcgen::date_time_ymd(
            date.year().into(),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    params.not_before = date(from);
    params.not_after = date(until);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let expires = until.to_zoned(TimeZone::UTC).map_or(now, |day| day.timestamp()).to_string();
    let made = toml::to_string(&Made { names, expires }).unwrap_or_default();
    private_folder(folder).map_err(|source| TlsError::Write { file: folder.to_owned(), source })?;
    let files = [
        ("key.pem", key.serialize_pem()),
        ("cert.pem", certificate.pem()),
        // Last: without it the pair is made anew.
        ("made.toml", made),
    ];
    for (name, text) in files {
        let file = folder.join(name);
        write_private(&file, &text).map_err(|source| TlsError::Write { file, source })?;
    }
    Ok(())
}

/// A folder that only this user may look into.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that only this user may read, there whole or not at all.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut new = options.open(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    fs::rename(&beside, file)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for (at, byte) in Sha256::digest(certificate.as_ref()).iter().enumerate() {
        let colon = if at == 0 { "" } else { ":" };
        // Writing into a string does not fail.
        let _written = write!(text, "{colon}{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_nanos(1_800_000_000_000_000_000);

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_made_certificate_stays_until_it_lacks_a_name_or_ends() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let own = |wanted: &[&str], now| {
            Certificate::own(&folder, &names(wanted), now).unwrap().fingerprint().to_owned()
        };
        let first = own(&["localhost", "127.0.0.1", "[::1]"], NOW);
        assert_eq!(first.len(), 32 * 3 - 1);
        assert_eq!(own(&["localhost"], NOW), first);
        let wider = own(&["localhost", "rack-7"], NOW);
        assert_ne!(wider, first);
        let later = Wall::from_nanos(NOW.nanos() + 800 * 86_400 * 1_000_000_000);
        assert_ne!(own(&["localhost", "rack-7"], later), wider);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        Certificate::own(&folder, &names(&["localhost"]), NOW).unwrap();
        let mode = |file: &str| fs::metadata(folder.join(file)).unwrap().permissions().mode();
        assert_eq!(mode("key.pem") & 0o777, 0o600);
        assert_eq!(mode("") & 0o777, 0o700);
    }

    #[test]
    fn a_bad_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        Certificate::own(folder, &names(&["localhost"]), NOW).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let said = |certificate: &Path, key: &Path| {
            Certificate::from_files(certificate, key).unwrap_err().to_string()
        };
        assert!(said(&folder.join("none.pem"), &key).starts_with("cannot read"));
        assert!(said(&key, &key).contains("no certificate in it"));
        assert!(said(&certificate, &certificate).contains("no private key in it"));
        let other = folder.join("other");
        Certificate::own(&other, &names(&["localhost"]), NOW).unwrap();
        assert!(said(&certificate, &other.join("key.pem")).contains("together"));
        fs::write(folder.join("large.pem"), vec![b'-'; 2 << 20]).unwrap();
        assert!(said(&folder.join("large.pem"), &key).contains("too many"));
    }
}

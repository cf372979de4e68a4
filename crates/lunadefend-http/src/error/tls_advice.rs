//! Advice about a failed TLS handshake.

use rustls::{CertificateError, Error, InvalidMessage};

const OTHER: &str =
    "check the certificate, and name a file with its root in SSL_CERT_FILE if it is your own";
const NO_TLS: &str = "no TLS is spoken there: check the port, and whether it must be http://";
const ISSUER: &str = "the issuer of its certificate is not known here: name a PEM file with the root certificate in SSL_CERT_FILE, or a folder of such files in SSL_CERT_DIR (they replace the system's roots; a file that is missing or has no certificate in it counts for nothing)";
const SELF_SIGNED: &str = "its certificate is a CA, which cannot be a server's certificate at the same time (`openssl req -x509` makes such a one): make a CA, let it sign a certificate for the server, and name the CA's in SSL_CERT_FILE";
const VERSION: &str = "its certificate is X.509 version 1, without extensions: make one of version 3 with a subjectAltName (`openssl x509 -req -extfile FILE`)";
const NAME: &str = "its certificate is for another name: ask for the name that is in it, or make one with this name as subjectAltName";
const TIME: &str =
    "its certificate is not valid at this time: renew it, or set the clock of this machine";
const PURPOSE: &str =
    "its certificate is not for servers: its extendedKeyUsage must have serverAuth";
const ALERT: &str =
    "the server ended it: it must speak TLS 1.2 or 1.3 and have a certificate for this name";

pub(super) fn advice(error: &Error) -> &'static str {
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => NO_TLS,
        Error::AlertReceived(_) => ALERT,
        Error::InvalidCertificate(error) => of_certificate(error),
        _ => OTHER,
    }
}

fn of_certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => ISSUER,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => NAME,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TIME,
        CertificateError::Other(cause) => {
            // The types behind these are in crates that this one does not depend on. Tests with real
            // certificates check their names.
            let cause = format!("{cause:?}");
            if cause.contains("CaUsedAsEndEntity") {
                SELF_SIGNED
            } else if cause.contains("UnsupportedCertVersion") {
                VERSION
            } else if cause.contains("EkuError") {
                PURPOSE
            } else {
                OTHER
            }
        }
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_advice() {
        let certificate = Error::InvalidCertificate;
        for (error, expected) in [
            (certificate(CertificateError::UnknownIssuer), ISSUER),
            (certificate(CertificateError::Expired), TIME),
            (certificate(CertificateError::NotValidYet), TIME),
            (certificate(CertificateError::NotValidForName), NAME),
            (certificate(CertificateError::BadSignature), OTHER),
            (
                Error::AlertReceived(rustls::AlertDescription::ProtocolVersion),
                ALERT,
            ),
            (Error::HandshakeNotComplete, OTHER),
        ] {
            assert_eq!(advice(&error), expected, "{error:?}");
        }
        for text in [
            OTHER,
            NO_TLS,
            ISSUER,
            SELF_SIGNED,
            VERSION,
            NAME,
            TIME,
            PURPOSE,
            ALERT,
        ] {
            assert!(
                !text.ends_with('.') && text.starts_with(char::is_lowercase),
                "{text}"
            );
        }
    }
}

//! Why a call to the controller gave nothing, and what to do about it.

use crate::exit::Exit;
use reqwest::StatusCode;

/// Why a call gave nothing.
#[derive(Debug)]
pub(crate) enum Error {
    /// Nobody answered, or the answer broke off.
    Unreachable {
        /// Who was asked.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The controller said no.
    Refused {
        /// The status.
        status: StatusCode,
        /// The sentence for people.
        message: String,
        /// Whether the call carried a token.
        with_token: bool,
    },
    /// The answer is not what this version of the program understands.
    Unreadable(serde_json::Error),
}

impl Error {
    /// What it makes of the program's end.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Error::Unreachable { .. } => Exit::Unreachable,
            Error::Refused { status, .. } => match *status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY => {
                    Exit::Configuration
                }
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    Exit::Unreachable
                }
                status if status.is_client_error() => Exit::Usage,
                _ => Exit::Internal,
            },
            Error::Unreadable(_) => Exit::Internal,
        }
    }

    /// Whether the same call may give something later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Error::Unreachable { .. } => true,
            Error::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Error::Unreadable(_) => false,
        }
    }

    /// Whether what was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Refused { status: StatusCode::NOT_FOUND, .. })
    }
}

/// For whoever has no token: it is not kept anywhere in the clear.
const WHERE_TOKENS_ARE: &str = "the controller printed one at its first start, and `sidings token create` or a restart with --api-token gives another";

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unreachable { server, source } if source.is_connect() => {
                write!(f, "no controller answers at {server}: `sidings up` starts one, --server names another")
            }
            Error::Unreachable { server, .. } => write!(f, "the connection to {server} broke off"),
            Error::Refused { status: StatusCode::UNAUTHORIZED, with_token: false, .. } => {
                write!(f, "the controller asks for a token: set SIDINGS_TOKEN or give --token; {WHERE_TOKENS_ARE}")
            }
            Error::Refused { status: StatusCode::UNAUTHORIZED, message, .. } => {
                write!(f, "the controller does not take this token ({message}): {WHERE_TOKENS_ARE}")
            }
            Error::Refused { message, .. } => write!(f, "{message}"),
            Error::Unreadable(_) => write!(f, "the controller's answer is not understood; is it another version?"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreachable { source, .. } => Some(source),
            Error::Refused { .. } => None,
            Error::Unreadable(source) => Some(source),
        }
    }
}

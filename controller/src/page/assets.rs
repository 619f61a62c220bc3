//! The files that pages name: style, scripts, the icon. They are part of the program; their names hold the hash of
//! what is in them, so that a browser asks once and a new version is another name.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const FOREVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    /// `page-0123456789abcdef.css`.
    name: String,
    kind: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn of(stem: &str, ending: &str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        Self { name: format!("{stem}-{}.{ending}", &hash[..16]), kind, bytes }
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("page", "css", "text/css; charset=utf-8", include_bytes!("../../assets/page.css")));
static LIVE: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("live", "js", SCRIPT, include_bytes!("../../assets/live.js")));
static LOG: LazyLock<Asset> = LazyLock::new(|| Asset::of("log", "js", SCRIPT, include_bytes!("../../assets/log.js")));
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("icon", "svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")));

/// Where the files are.
#[derive(Clone, Copy, Default)]
pub(super) struct Files;

impl Files {
    pub(super) fn style(self) -> String {
        address(&STYLE)
    }

    pub(super) fn live(self) -> String {
        address(&LIVE)
    }

    pub(super) fn log(self) -> String {
        address(&LOG)
    }

    pub(super) fn icon(self) -> String {
        address(&ICON)
    }
}

fn address(asset: &Asset) -> String {
    format!("/assets/{}", asset.name)
}

/// Gives a file out; a browser that has it is told so.
pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let all = [&*STYLE, &*LIVE, &*LOG, &*ICON];
    let Some(asset) = all.into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{name}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, FOREVER.to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, asset.kind)], asset.bytes).into_response()
}

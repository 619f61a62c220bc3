//! The page over HTTP: who is let in, what changes it takes, what browsers are told.

mod images;
mod lists;
mod logs;
mod one_run;
mod others;
mod set_up;
mod signing_in;

use crate::rig::{Rig, client};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};

/// A browser that is signed in, and follows nothing by itself.
pub(crate) struct Browser {
    http: reqwest::Client,
    base: String,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) fn stranger(rig: &Rig) -> Browser {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Browser { http, base: rig.controller.url().to_owned(), cookie: String::new() }
    }

    pub(crate) async fn signed_in(rig: &Rig, token: &str) -> Browser {
        let mut browser = Browser::stranger(rig);
        let answer = browser.send("/sign-in", &[("token", token), ("to", "/")]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.call(Method::GET, path).send().await.unwrap()
    }

    /// A page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    /// Sends a form as a browser does that shows a page of ours.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.form(path, fields).header(header::ORIGIN, &self.base).send().await.unwrap()
    }

    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        let escaped = |text: &str| text.bytes().map(part).collect::<String>();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let kind = "application/x-www-form-urlencoded";
        self.call(Method::POST, path).header(header::CONTENT_TYPE, kind).body(body.join("&"))
    }

    /// What the forms of this session hold.
    pub(crate) async fn proof(&self) -> String {
        let page = self.page("/").await;
        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("the page has a form");
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Somebody without any session.
pub(crate) async fn plain_get(rig: &Rig, path: &str) -> Response {
    client().get(format!("{}{path}", rig.controller.url())).send().await.unwrap()
}

//! A real Chromium without a window, spoken to in its own protocol over a pipe: nothing is between it and the test, and
//! all that goes wrong in a page is heard.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const PATIENCE: Duration = Duration::from_secs(180);

/// A tab of a browser of its own.
pub(crate) struct Browser {
    _chromium: Child,
    _profile: TempDir,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
    tab: Option<String>,
    /// What it told unasked.
    told: Vec<Value>,
}

impl Browser {
    /// Starts one; a machine without Chromium fails here.
    pub(crate) async fn start() -> Browser {
        let profile = tempfile::tempdir().unwrap();
        // The pipe's ends are the files 3 and 4 of the browser.
        let start = "exec chromium --headless=new --remote-debugging-pipe --no-sandbox --disable-gpu --no-first-run \
            --disable-dev-shm-usage --disable-background-networking --disable-component-update --no-proxy-server \
            --force-color-profile=srgb --user-data-dir=\"$0\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut chromium = Command::new("sh")
            .args(["-c", start])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (to, from) = (chromium.stdin.take().unwrap(), BufReader::new(chromium.stdout.take().unwrap()));
        let mut browser =
            Browser { _chromium: chromium, _profile: profile, to, from, next: 0, tab: None, told: Vec::new() };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let tab = browser.call("Target.attachToTarget", attach).await;
        browser.tab = tab["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Asks for something; an error of the protocol ends the test.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(tab) = &self.tab {
            message["sessionId"] = json!(tab);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).await.expect("chromium runs: is it installed?");
        let id = json!(self.next);
        loop {
            let message = self.message(method).await;
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.told.push(message);
        }
    }

    async fn message(&mut self, during: &str) -> Value {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.from.read_until(0, &mut bytes)).await;
        let read = read.unwrap_or_else(|_| panic!("chromium does not answer {during}")).unwrap();
        assert!(read > 0, "chromium is gone during {during}: is it installed?");
        serde_json::from_slice(&bytes[..read - 1]).unwrap()
    }

    /// Opens a page and waits until all of it is there.
    pub(crate) async fn open(&mut self, url: &str) {
        self.during_load(async |browser: &mut Browser| {
            let opened = browser.call("Page.navigate", json!({"url": url})).await;
            assert!(opened["errorText"].is_null(), "{url}: {}", opened["errorText"]);
        })
        .await;
    }

    /// Does something that leads to another page, and waits until all of it is there.
    pub(crate) async fn during_load(&mut self, leads: impl AsyncFnOnce(&mut Browser)) {
        let loaded = |message: &Value| message["method"] == "Page.loadEventFired";
        self.told.retain(|message| !loaded(message));
        leads(self).await;
        while !self.told.iter().any(loaded) {
            let message = self.message("loading a page").await;
            self.told.push(message);
        }
    }

    /// What an expression comes to in the page; a promise is waited for.
    pub(crate) async fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let result = self.call("Runtime.evaluate", params).await;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression holds in the page.
    pub(crate) async fn until(&mut self, expression: &str) {
        let looks = format!(
            "new Promise((done) => {{ const look = () => (({expression}) ? done(true) : setTimeout(look, 30)); look(); }})"
        );
        let held = tokio::time::timeout(PATIENCE, self.eval(&looks)).await;
        assert!(held.is_ok(), "it never held: {expression}");
    }

    /// Presses a key that has a name.
    pub(crate) async fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "End" => 35,
            "Home" => 36,
            "ArrowDown" => 40,
            " " => 32,
            other => panic!("no such key here: {other}"),
        };
        let text = match key {
            "Enter" => "\r",
            " " => " ",
            _ => "",
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let params = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// Types a text where the focus is.
    pub(crate) async fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Goes on with the key Tab until what has the focus is meant.
    pub(crate) async fn tab_to(&mut self, selector: &str) {
        let is_there = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..150 {
            self.press("Tab").await;
            if self.eval(&is_there).await == json!(true) {
                return;
            }
        }
        panic!("the key Tab does not lead to {selector}");
    }

    /// How wide and high the page is, and in which colours.
    pub(crate) async fn look(&mut self, (width, height): (u32, u32), scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!([{"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Keeps a picture of what is seen, for people to look at.
    pub(crate) async fn picture(&mut self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&folder).unwrap();
        let data = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, decoded(data["data"].as_str().unwrap())).unwrap();
        file
    }

    /// What went wrong in pages since the last time: errors in the console, and requests to other hosts.
    pub(crate) fn faults(&mut self, own: &str) -> Vec<String> {
        let told = std::mem::take(&mut self.told);
        told.iter().filter_map(|message| fault(message, own)).collect()
    }

    /// The serious findings of axe-core in the page as it is.
    pub(crate) async fn barriers(&mut self, axe: &str) -> Vec<String> {
        if self.eval("typeof axe").await == json!("undefined") {
            self.eval(&format!("{axe}; 0")).await;
        }
        let found = self
            .eval(
                "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations\
                    .filter((one) => ['serious', 'critical'].includes(one.impact))\
                    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(' ')}`))",
            )
            .await;
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

fn fault(message: &Value, own: &str) -> Option<String> {
    let params = &message["params"];
    match message["method"].as_str()? {
        "Log.entryAdded" if params["entry"]["level"] == "error" => Some(params["entry"].to_string()),
        "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" if params["type"] == "error" => Some(params["args"].to_string()),
        "Network.requestWillBeSent" => {
            let url = params["request"]["url"].as_str()?;
            (!url.starts_with(own)).then(|| format!("a request to {url}"))
        }
        _ => None,
    }
}

/// Base64, as the protocol gives pictures.
fn decoded(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let values: Vec<u32> = text.bytes().filter_map(value).collect();
    let four = |four: &[u32]| {
        let bits = four.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    values.chunks(4).flat_map(four).collect()
}

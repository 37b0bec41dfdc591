//! The upstream of the measures: the sandbox in a process of its own, so that its processor time
//! is not counted as ours, and a client that does nothing but send and read.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use chaski_client::dialects::migo::{MigoDialect, Version};
use chaski_client::{Clock, Engine, Ledger, Line, Only, Settings, Transport};
use chaski_core::Ruc;
use chaski_sandbox::{Sandbox, SandboxConfig};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Calls in flight at once, in every measure.
pub(crate) const WINDOW: usize = 50;

/// Any text will do: the sandbox takes every token.
const TOKEN: &str = "benchmark";

/// A running sandbox; ends when dropped.
pub(crate) struct Upstream {
    child: Child,
    address: String,
}

impl Upstream {
    /// Starts a sandbox in another process of this program.
    pub(crate) fn start(latency: &str, seed: u64) -> anyhow::Result<Upstream> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", latency, &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().context("the sandbox's output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Upstream {
            child,
            address: address.trim().to_owned(),
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// An engine, and the only way to this upstream.
    pub(crate) fn engine(
        &self,
        settings: Settings,
        transport: Arc<dyn Transport>,
        ledger: Arc<dyn Ledger>,
    ) -> anyhow::Result<(Engine, Arc<Only<MigoDialect>>)> {
        let dialect = MigoDialect::new(&self.url("/api"), &TOKEN.to_owned().into(), Version::Auto);
        let dialect = dialect.map_err(|error| anyhow::anyhow!("{error}"))?;
        let clock = Clock::system();
        let line = Line::new("migo", &settings, clock, transport, Arc::clone(&ledger));
        let routes = Only::new(line, Arc::new(dialect));
        Ok((Engine::new(settings, clock, ledger), Arc::new(routes)))
    }

    /// Requests received so far.
    pub(crate) async fn requests(&self) -> anyhow::Result<u64> {
        let text = reqwest::get(self.url("/_sandbox/estado"))
            .await?
            .text()
            .await?;
        let state: serde_json::Value = serde_json::from_str(&text)?;
        state["requests"].as_u64().context("the sandbox's counter")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // It also ends by itself when its input closes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The other side of [`Upstream::start`]: serves until the input closes.
pub(crate) fn serve(latency: &str, seed: &str) -> anyhow::Result<()> {
    let clock = Clock::system();
    let mut config = SandboxConfig::new(move || clock.now());
    config.latency = latency
        .parse()
        .map_err(|error| anyhow::anyhow!("latency {latency}: {error}"))?;
    config.seed = seed.parse()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let parent = tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
        });
        let ended = async { drop(parent.await) };
        chaski_sandbox::serve(Sandbox::new(config)?, listener, ended).await?;
        Ok(())
    })
}

/// The same requests through reqwest: the body is read and not looked at.
#[derive(Clone)]
pub(crate) struct Bare {
    client: reqwest::Client,
    url: String,
}

impl Bare {
    pub(crate) fn new(upstream: &Upstream) -> anyhow::Result<Bare> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30));
        Ok(Bare {
            client: client.build()?,
            url: upstream.url("/api/v1/ruc"),
        })
    }

    pub(crate) async fn ruc(&self, ruc: &Ruc) -> anyhow::Result<()> {
        let body = format!(r#"{{"token":"{TOKEN}","ruc":"{}"}}"#, ruc.as_str());
        self.post("", body).await
    }

    /// The native batch call.
    pub(crate) async fn rucs(&self, rucs: &[Ruc]) -> anyhow::Result<()> {
        let list: Vec<&str> = rucs.iter().map(Ruc::as_str).collect();
        let body = serde_json::json!({ "token": TOKEN, "ruc": list });
        self.post("/collection", body.to_string()).await
    }

    async fn post(&self, path: &str, body: String) -> anyhow::Result<()> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        anyhow::ensure!(matches!(status, 200 | 404), "status {status}");
        answer.bytes().await?;
        Ok(())
    }
}

/// Does something with every RUC in a sliding window of `window` tasks.
pub(crate) async fn for_each<W, F>(rucs: &Arc<[Ruc]>, window: usize, work: W) -> anyhow::Result<()>
where
    W: Fn(Ruc) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..window {
        let (rucs, next, work) = (Arc::clone(rucs), Arc::clone(&next), work.clone());
        workers.spawn(async move {
            while let Some(ruc) = rucs.get(next.fetch_add(1, Ordering::Relaxed)) {
                work(*ruc).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

/// An answer, or the explicit "no such number", is success; anything else ends the measure.
pub(crate) fn succeeded<A>(
    outcome: &Result<chaski_client::Found<A>, chaski_client::Error>,
) -> anyhow::Result<()> {
    match outcome {
        Err(error) if !error.is_not_found() => anyhow::bail!("a look-up failed: {error}"),
        _ => Ok(()),
    }
}

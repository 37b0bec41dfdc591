//! What is counted while the gateway runs. Never a number, a name or a token in a label.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chaski_client::{CacheDecision, Call, DocumentState};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// Bounds of request times, seconds.
const REQUEST_BOUNDS: [f64; 11] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];
/// Bounds of upstream times, seconds.
const UPSTREAM_BOUNDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Names and values of labels. A value is of a closed set, or a route.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Times<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// Every counter of the gateway. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Labels<3>, Counter>,
    request_times: Times<1>,
    upstream_requests: Family<Labels<3>, Counter>,
    upstream_times: Times<2>,
    upstream_retries: Family<Labels<2>, Counter>,
    cache: Family<Labels<2>, Counter>,
    breaker: Family<Labels<2>, Gauge>,
    quota: Family<Labels<2>, Gauge>,
    gate_wait: Family<Labels<2>, Gauge<f64, AtomicU64>>,
    audit_queue: Family<Labels<1>, Gauge>,
    jobs: Family<Labels<3>, Gauge>,
    documents: Family<Labels<2>, Gauge>,
    oldest_document: Family<Labels<1>, Gauge<f64, AtomicU64>>,
    documents_in_doubt: Family<Labels<1>, Gauge>,
    documents_near_deadline: Family<Labels<1>, Gauge>,
    issuers_held: Family<Labels<1>, Gauge>,
    series_in_review: Family<Labels<1>, Gauge>,
    mode: Family<Labels<1>, Gauge>,
    /// All of them by their names.
    registry: Arc<Registry>,
}

/// Answers with the same route, method and status.
pub struct Answers {
    requests: Counter,
    times: Histogram,
}

impl Answers {
    /// A request was answered.
    pub fn count(&self, took: Duration) {
        self.times.observe(took.as_secs_f64());
        self.requests.inc();
    }
}

/// State of one upstream at the moment of a scrape.
pub struct UpstreamNow {
    /// Upstream.
    pub provider: &'static str,
    /// `sandbox` or `real`.
    pub mode: &'static str,
    /// 0 closed, 1 half open, 2 open.
    pub breaker: i64,
    /// Calls left this month, when a quota is set.
    pub quota_left: Option<i64>,
    /// Time that calls have waited for the gate since the start.
    pub gate_wait: Duration,
    /// Audit rows that are not durable yet.
    pub queued: usize,
}

/// How documents stand at the moment of a scrape.
pub struct IssuingNow<'n> {
    /// `sandbox` or `real`.
    pub mode: &'static str,
    /// How many there are in each state.
    pub counts: &'n [(DocumentState, u64)],
    /// Age of the oldest that waits for anything.
    pub oldest_pending: Duration,
    /// Of which nobody knows whether they exist.
    pub in_doubt: u64,
    /// Near their deadline, or past it.
    pub near_deadline: u64,
    /// Series that are to be walked.
    pub in_review: u64,
    /// Issuers that nothing is sent for.
    pub issuers_held: u64,
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Default for Metrics {
    fn default() -> Metrics {
        let request_times: fn() -> Histogram = || Histogram::new(REQUEST_BOUNDS);
        let upstream_times: fn() -> Histogram = || Histogram::new(UPSTREAM_BOUNDS);
        let mut all = Registry::with_prefix("chaski");
        let r = &mut all;
        let requests = plain(r, "http_requests", "Requests answered");
        let times = Family::new_with_constructor(request_times);
        let help = "Time to answer a request";
        let request_times = in_seconds(r, "http_request_duration", help, times);
        let upstream_requests = plain(r, "upstream_requests", "Calls sent to an upstream");
        let times = Family::new_with_constructor(upstream_times);
        let help = "Time of a call to an upstream";
        let upstream_times = in_seconds(r, "upstream_duration", help, times);
        let upstream_retries = plain(r, "upstream_retries", "Calls that repeat a failed one");
        let help = "Look-ups by what memory had to do with them";
        let cache = plain(r, "cache_requests", help);
        let breaker = plain(r, "breaker_state", "0 closed, 1 half open, 2 open");
        let quota = plain(r, "quota_remaining", "Calls left this month");
        let help = "Time that calls have waited for pace or a free place since the start";
        let gate_wait = in_seconds(r, "gate_wait", help, Family::default());
        let help = "Audit rows accepted and not yet durable";
        let audit_queue = plain(r, "audit_queue_depth", help);
        let jobs = plain(r, "jobs", "Background jobs by kind and state");
        let documents = plain(r, "comprobantes", "Documents handed over, by their state");
        let help = "Age of the oldest document that SUNAT has not spoken about";
        let ages = Family::default();
        let oldest_document = in_seconds(r, "comprobante_oldest_pending", help, ages);
        let help = "Documents of which nobody knows whether they exist";
        let documents_in_doubt = plain(r, "comprobantes_in_doubt", help);
        let help = "Documents without a word of SUNAT a day before their deadline, or past it";
        let documents_near_deadline = plain(r, "comprobantes_near_deadline", help);
        let help = "Issuers that nothing is sent for";
        let issuers_held = plain(r, "comprobante_issuers_held", help);
        let help = "Series that are walked before a number of theirs is taken";
        let series_in_review = plain(r, "comprobante_series_in_review", help);
        let build: Family<Labels<1>, Gauge> = plain(r, "build_info", "The running version");
        let version = env!("CARGO_PKG_VERSION").into();
        build.get_or_create(&[("version", version)]).set(1);
        let help = "1 for who answers without a key: real, or sandbox (invented data)";
        let mode = plain(r, "mode", help);
        Metrics {
            requests,
            request_times,
            upstream_requests,
            upstream_times,
            upstream_retries,
            cache,
            breaker,
            quota,
            gate_wait,
            audit_queue,
            jobs,
            documents,
            oldest_document,
            documents_in_doubt,
            documents_near_deadline,
            issuers_held,
            series_in_review,
            mode,
            registry: Arc::new(all),
        }
    }
}

fn plain<M: Metric + Default + Clone>(all: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    all.register(name, help, metric.clone());
    metric
}

fn in_seconds<M: Metric + Clone>(all: &mut Registry, name: &str, help: &str, metric: M) -> M {
    all.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

impl Metrics {
    /// Where answers of one kind are counted.
    pub fn answers(&self, route: &str, method: &'static str, status: u16) -> Answers {
        let route = [("route", Cow::Owned(route.to_owned()))];
        let times = self.request_times.get_or_create_owned(&route);
        let [route] = route;
        let status = ("status", status.to_string().into());
        let labels = [route, ("method", method.into()), status];
        let requests = self.requests.get_or_create_owned(&labels);
        Answers { requests, times }
    }

    /// A call was put on record: sent, or made needless by memory. Those of the sandbox are told
    /// apart by their provider.
    pub fn recorded(&self, call: &Call, invented: bool) {
        let provider = if invented { "sandbox" } else { call.provider };
        let operation = Cow::Borrowed(call.key.operation);
        if call.attempt <= 1 {
            let result = call.cache.as_str().to_ascii_lowercase().into();
            let labels = [("kind", operation.clone()), ("result", result)];
            self.cache.get_or_create(&labels).inc();
        }
        if matches!(call.cache, CacheDecision::Hit | CacheDecision::Refused) || call.attempt == 0 {
            return;
        }
        let labels = [("provider", provider.into()), ("operation", operation)];
        if call.attempt > 1 {
            self.upstream_retries.get_or_create(&labels).inc();
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a call takes far less than 2^52 µs"
        )]
        let seconds = call.duration_us as f64 / 1e6;
        self.upstream_times.get_or_create(&labels).observe(seconds);
        let [provider, operation] = labels;
        let labels = [provider, operation, ("outcome", call.outcome.into())];
        self.upstream_requests.get_or_create(&labels).inc();
    }

    /// So many jobs of a queue are in a state, at the moment of a scrape.
    pub fn jobs(&self, mode: &'static str, queue: &'static str, state: &'static str, jobs: i64) {
        let labels = [("queue", queue), ("state", state), ("mode", mode)];
        let labels = labels.map(|(name, value)| (name, value.into()));
        self.jobs.get_or_create(&labels).set(jobs);
    }

    /// How documents stand, at the moment of a scrape. Nothing where nothing was ever issued.
    pub fn issuing(&self, now: &IssuingNow<'_>) {
        if now.counts.is_empty() {
            return;
        }
        let mode = || ("mode", Cow::Borrowed(now.mode));
        for state in DocumentState::ALL {
            let count = now.counts.iter().find(|(it, _)| *it == state);
            let labels = [("estado", state.as_str().into()), mode()];
            let gauge = self.documents.get_or_create(&labels);
            gauge.set(count.map_or(0, |(_, count)| whole(*count)));
        }
        let oldest = self.oldest_document.get_or_create(&[mode()]);
        oldest.set(now.oldest_pending.as_secs_f64());
        for (family, count) in [
            (&self.documents_in_doubt, now.in_doubt),
            (&self.documents_near_deadline, now.near_deadline),
            (&self.issuers_held, now.issuers_held),
            (&self.series_in_review, now.in_review),
        ] {
            family.get_or_create(&[mode()]).set(whole(count));
        }
    }

    /// All metrics as `OpenMetrics`, with the state of the upstreams as it is now, and what a request
    /// without a key reaches: `real` or `sandbox`.
    pub fn render(&self, upstreams: &[UpstreamNow], mode: &str) -> String {
        for known in ["real", "sandbox"] {
            let now = self.mode.get_or_create(&[("mode", known.into())]);
            now.set(i64::from(known == mode));
        }
        for now in upstreams {
            let mode = ("mode", now.mode.into());
            let labels = [("provider", now.provider.into()), mode.clone()];
            self.breaker.get_or_create(&labels).set(now.breaker);
            let waited = now.gate_wait.as_secs_f64();
            self.gate_wait.get_or_create(&labels).set(waited);
            if let Some(left) = now.quota_left {
                self.quota.get_or_create(&labels).set(left);
            }
            let queued = i64::try_from(now.queued).unwrap_or(i64::MAX);
            self.audit_queue.get_or_create(&[mode]).set(queued);
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// `OpenMetrics` as the older text format of Prometheus (0.0.4), where a counter is named as its samples
/// are, units are not told apart, and nothing marks the end.
///
/// ```
/// let text = "# HELP a Calls.\n# TYPE a counter\na_total 1\n# EOF\n";
/// let plain = "# HELP a_total Calls.\n# TYPE a_total counter\na_total 1\n";
/// assert_eq!(chaski::metrics::as_plain_text(text), plain);
/// ```
pub fn as_plain_text(openmetrics: &str) -> String {
    let counters: HashSet<&str> = openmetrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        let about = line.strip_prefix("# ").and_then(|it| it.split_once(' '));
        let named = about.and_then(|(kind, rest)| Some((kind, rest.split_once(' ')?)));
        match named {
            Some((kind, (name, rest))) if counters.contains(name) => {
                text.extend(["# ", kind, " ", name, "_total ", rest, "\n"]);
            }
            _ => text.extend([line, "\n"]),
        }
    }
    text
}

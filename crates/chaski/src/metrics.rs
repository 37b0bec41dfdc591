//! What is counted while the gateway runs. Never a number, a name or a token in a label.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chaski_client::{CacheDecision, Call};
use compact_str::CompactString;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Bounds of request times, seconds.
const REQUEST_BOUNDS: [f64; 11] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];
/// Bounds of upstream times, seconds.
const UPSTREAM_BOUNDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// A label value that comes from a closed set or from a route, as text.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Word(pub CompactString);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0.as_str(), encoder)
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Word {
        Word(text.into())
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: Word,
    method: Word,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    route: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    provider: Word,
    operation: Word,
    outcome: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    provider: Word,
    operation: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CacheLabels {
    kind: Word,
    result: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabels {
    provider: Word,
    mode: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModeLabels {
    mode: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JobLabels {
    queue: Word,
    state: Word,
    mode: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: Word,
}

type Times = Family<OperationLabels, Histogram, fn() -> Histogram>;
type RequestTimes = Family<RouteLabels, Histogram, fn() -> Histogram>;

/// Every counter of the gateway. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    request_times: RequestTimes,
    upstream_requests: Family<CallLabels, Counter>,
    upstream_times: Times,
    upstream_retries: Family<OperationLabels, Counter>,
    cache: Family<CacheLabels, Counter>,
    breaker: Family<ProviderLabels, Gauge>,
    quota: Family<ProviderLabels, Gauge>,
    gate_wait: Family<ProviderLabels, Gauge<f64, AtomicU64>>,
    audit_queue: Family<ModeLabels, Gauge>,
    jobs: Family<JobLabels, Gauge>,
    build: Family<BuildLabels, Gauge>,
    mode: Family<ModeLabels, Gauge>,
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
pub struct UpstreamNow<'a> {
    /// Upstream.
    pub provider: &'a str,
    /// `sandbox` or `real`.
    pub mode: &'a str,
    /// 0 closed, 1 half open, 2 open.
    pub breaker: i64,
    /// Calls left this month, when a quota is set.
    pub quota_left: Option<i64>,
    /// Time that calls have waited for the gate since the start.
    pub gate_wait: Duration,
    /// Audit rows that are not durable yet.
    pub queued: usize,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let request_times: fn() -> Histogram = || Histogram::new(REQUEST_BOUNDS);
        let upstream_times: fn() -> Histogram = || Histogram::new(UPSTREAM_BOUNDS);
        let metrics = Metrics {
            requests: Family::default(),
            request_times: Family::new_with_constructor(request_times),
            upstream_requests: Family::default(),
            upstream_times: Family::new_with_constructor(upstream_times),
            upstream_retries: Family::default(),
            cache: Family::default(),
            breaker: Family::default(),
            quota: Family::default(),
            gate_wait: Family::default(),
            audit_queue: Family::default(),
            jobs: Family::default(),
            build: Family::default(),
            mode: Family::default(),
        };
        let version = env!("CARGO_PKG_VERSION").into();
        metrics.build.get_or_create(&BuildLabels { version }).set(1);
        metrics
    }
}

impl Metrics {
    /// Where answers of one kind are counted.
    pub fn answers(&self, route: &str, method: &str, status: u16) -> Answers {
        let route = Word::from(route);
        let times = self.request_times.get_or_create_owned(&RouteLabels {
            route: route.clone(),
        });
        let method = method.into();
        let requests = self.requests.get_or_create_owned(&RequestLabels {
            route,
            method,
            status,
        });
        Answers { requests, times }
    }

    /// A call was put on record: sent, or made needless by memory. Those of the sandbox are told
    /// apart by their provider.
    pub fn recorded(&self, call: &Call, invented: bool) {
        let provider = if invented { "sandbox" } else { call.provider };
        let kind = Word::from(call.key.operation);
        if call.attempt <= 1 {
            let mut result = CompactString::const_new(call.cache.as_str());
            result.make_ascii_lowercase();
            let result = Word(result);
            self.cache
                .get_or_create(&CacheLabels { kind, result })
                .inc();
        }
        if matches!(call.cache, CacheDecision::Hit | CacheDecision::Refused) || call.attempt == 0 {
            return;
        }
        let labels = OperationLabels {
            provider: provider.into(),
            operation: call.key.operation.into(),
        };
        if call.attempt > 1 {
            self.upstream_retries.get_or_create(&labels).inc();
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a call takes far less than 2^52 µs"
        )]
        let seconds = call.duration_us as f64 / 1e6;
        self.upstream_times.get_or_create(&labels).observe(seconds);
        self.upstream_requests
            .get_or_create(&CallLabels {
                provider: labels.provider,
                operation: labels.operation,
                outcome: call.outcome.into(),
            })
            .inc();
    }

    /// So many jobs of a queue are in a state, at the moment of a scrape.
    pub fn jobs(&self, mode: &str, queue: &str, state: &str, jobs: i64) {
        self.jobs
            .get_or_create(&JobLabels {
                queue: queue.into(),
                state: state.into(),
                mode: mode.into(),
            })
            .set(jobs);
    }

    /// All metrics as text, with the state of the upstreams as it is now, and what a request
    /// without a key reaches: `real` or `sandbox`.
    pub fn render(&self, upstreams: &[UpstreamNow<'_>], mode: &str) -> String {
        for known in ["real", "sandbox"] {
            let labels = ModeLabels { mode: known.into() };
            self.mode
                .get_or_create(&labels)
                .set(i64::from(known == mode));
        }
        for now in upstreams {
            let labels = ProviderLabels {
                provider: now.provider.into(),
                mode: now.mode.into(),
            };
            self.breaker.get_or_create(&labels).set(now.breaker);
            self.gate_wait
                .get_or_create(&labels)
                .set(now.gate_wait.as_secs_f64());
            if let Some(left) = now.quota_left {
                self.quota.get_or_create(&labels).set(left);
            }
            let mode = now.mode.into();
            self.audit_queue
                .get_or_create(&ModeLabels { mode })
                .set(i64::try_from(now.queued).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry());
        text
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("chaski");
        let r = &mut all;
        r.register("http_requests", "Requests answered", self.requests.clone());
        r.register_with_unit(
            "http_request_duration",
            "Time to answer a request",
            Unit::Seconds,
            self.request_times.clone(),
        );
        r.register(
            "upstream_requests",
            "Calls sent to an upstream",
            self.upstream_requests.clone(),
        );
        r.register_with_unit(
            "upstream_duration",
            "Time of a call to an upstream",
            Unit::Seconds,
            self.upstream_times.clone(),
        );
        r.register(
            "upstream_retries",
            "Calls that repeat a failed one",
            self.upstream_retries.clone(),
        );
        r.register(
            "cache_requests",
            "Look-ups by what memory had to do with them",
            self.cache.clone(),
        );
        r.register(
            "breaker_state",
            "0 closed, 1 half open, 2 open",
            self.breaker.clone(),
        );
        r.register(
            "quota_remaining",
            "Calls left this month",
            self.quota.clone(),
        );
        r.register_with_unit(
            "gate_wait",
            "Time that calls have waited for pace or a free place since the start",
            Unit::Seconds,
            self.gate_wait.clone(),
        );
        r.register(
            "audit_queue_depth",
            "Audit rows accepted and not yet durable",
            self.audit_queue.clone(),
        );
        r.register(
            "jobs",
            "Background jobs by kind and state",
            self.jobs.clone(),
        );
        r.register("build_info", "The running version", self.build.clone());
        r.register(
            "mode",
            "1 for who answers without a key: real, or sandbox (invented data)",
            self.mode.clone(),
        );
        all
    }
}

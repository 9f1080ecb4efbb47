//! The JSON object that a load prints as its last line.

use crate::latency::Latencies;
use crate::window::Usage;

pub(crate) struct Report {
    text: String,
}

impl Report {
    /// `count` is what was done in the measured part: messages, connections, datagrams or bytes.
    #[expect(clippy::cast_precision_loss, reason = "counts of a run of seconds are far below 2^52")]
    pub(crate) fn new(count: u64, usage: &Usage) -> Self {
        Self { text: String::new() }
            .with("count", count as f64)
            .with("seconds", usage.seconds)
            .with("rate", count as f64 / usage.seconds)
            .with("server_main_cpu", usage.server.main.as_secs_f64())
            .with("server_others_cpu", usage.server.others.as_secs_f64())
            .with("own_cpu", usage.own.as_secs_f64())
            .with("busy_cpu", usage.busy.as_secs_f64())
    }

    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        let separator = if self.text.is_empty() { "" } else { "," };
        // JSON has no infinities; a run that measured nothing gives null.
        let value = if value.is_finite() { value.to_string() } else { "null".to_owned() };
        self.text = format!("{}{separator}\"{name}\":{value}", self.text);
        self
    }

    pub(crate) fn with_latencies(self, latencies: &Latencies) -> Self {
        self.with("p50_us", latencies.quantile(0.5))
            .with("p99_us", latencies.quantile(0.99))
            .with("p999_us", latencies.quantile(0.999))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a run of seconds are far below 2^52")]
    pub(crate) fn with_errors(self, errors: u64) -> Self {
        self.with("errors", errors as f64)
    }

    pub(crate) fn print(self) {
        println!("{{{}}}", self.text);
    }
}

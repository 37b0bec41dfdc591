//! One look-up that memory cannot answer, with the record on a server of `PostgreSQL` beside the
//! folder's own database. What the server itself spends is not counted.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use chaski::store::{MasterKey, Store};
use chaski_client::Ledger;
use chaski_core::Ruc;
use sqlx::{ConnectOptions, Connection};

use crate::kit::{ROUNDS, Report, Took, median, ratio, rucs};
use crate::lookup_uncached::{CALLS, WARM_UP, through_engine};
use crate::upstream::Upstream;

const SERVER: &str = include_str!("../../tests/outside/postgres.sh");

/// A server in a folder of its own, which ends with its input.
struct Server {
    dir: PathBuf,
    process: Child,
}

pub(crate) fn measure() -> anyhow::Result<Report> {
    let mut report = Report::default();
    let Some(mut server) = Server::start()? else {
        report.figure("NOT RUN: PostgreSQL is not installed", 0.0, "", "");
        return Ok(report);
    };
    let upstream = Upstream::start("0", 1)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let warm_up: Arc<[Ruc]> = rucs(0, WARM_UP).into();
    let numbers: Arc<[Ruc]> = rucs(WARM_UP * 2, CALLS).into();
    let run = |store: Store| -> anyhow::Result<Took> {
        let store = Arc::new(store);
        let ledger = Arc::clone(&store) as Arc<dyn Ledger>;
        let took = runtime.block_on(through_engine(&upstream, ledger, &warm_up, &numbers))?;
        runtime.block_on(store.close())?;
        Ok(took)
    };
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        let key = MasterKey::load_or_create(folder.path())?;
        here.push(run(runtime.block_on(Store::open(folder.path(), key))?)?);
        let folder = tempfile::tempdir()?;
        let key = MasterKey::load_or_create(folder.path())?;
        let url = runtime.block_on(server.new_database(round))?;
        let opened = Store::open_remote(&url, "chaski", folder.path(), key);
        there.push(run(runtime.block_on(opened)?)?);
    }
    let _ = server.process.stdin.take();
    server.process.wait()?;
    let cpu = |runs: &[Took]| -> Vec<f64> {
        let per_call = |run: &Took| run.cpu / f64::from(CALLS) * 1e6;
        runs.iter().map(per_call).collect()
    };
    for (name, runs) in [("SQLite", &here), ("PostgreSQL", &there)] {
        let calls = runs.iter().map(|run| f64::from(CALLS) / run.wall);
        report.figure(
            &format!("{name}: CPU per call"),
            median(cpu(runs)),
            "µs",
            "",
        );
        report.figure(&format!("{name}: calls"), median(calls), "/s", "");
    }
    let times = ratio(&cpu(&there), &cpu(&here));
    report.figure("CPU, PostgreSQL ÷ SQLite", times, "×", "≤ 1.6");
    Ok(report)
}

impl Server {
    fn start() -> anyhow::Result<Option<Server>> {
        let installed = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let installed = installed.flatten().map(|it| it.path().join("bin"));
        let Some(programs) = installed.max() else {
            return Ok(None);
        };
        let dir = tempfile::tempdir()?.keep();
        let mut process = Command::new("sh")
            .args(["-c", SERVER])
            .env("DIR", &dir)
            .env("BIN", programs)
            .env("MORE", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        let output = process.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut said)?;
        anyhow::ensure!(said == "ready\n", "the server does not start");
        Ok(Some(Server { dir, process }))
    }

    async fn new_database(&self, number: usize) -> anyhow::Result<String> {
        let address = |name: &str| {
            let socket = self.dir.display();
            format!("postgres://postgres@localhost/{name}?host={socket}")
        };
        let options: sqlx::postgres::PgConnectOptions = address("postgres").parse()?;
        let mut connection = options.connect().await?;
        let create = format!("CREATE DATABASE round_{number}");
        let create = sqlx::raw_sql(sqlx::AssertSqlSafe(create));
        create.execute(&mut connection).await?;
        connection.close().await?;
        Ok(address(&format!("round_{number}")))
    }
}

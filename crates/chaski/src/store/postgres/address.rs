//! The address of a database on a server.

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tracing::subscriber::{NoSubscriber, with_default};

use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;

/// What an address may say after its `?`. The driver writes any other word to the log, with its value.
const WORDS: [&str; 14] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
    "ssl-mode",
    "ssl-root-cert",
    "statement-cache-capacity",
];

/// Settings of every connection: a server notices within a minute that one was cut, and says nothing of
/// what is there already.
const SETTINGS: [(&str, &str); 4] = [
    ("client_min_messages", "warning"),
    ("tcp_keepalives_idle", "20"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];

/// How to connect to one side of a database.
pub(in crate::store) fn options(url: &str, schema: &str) -> Result<PgConnectOptions, StoreError> {
    let fault = || StoreError::Postgres(PostgresFault::Address);
    let (address, words) = url.split_once('?').unwrap_or((url, ""));
    let is_ours = address.starts_with("postgres://") || address.starts_with("postgresql://");
    let known = form_urlencoded::parse(words.as_bytes())
        .all(|(word, _)| WORDS.contains(&&*word) || word.starts_with("options["));
    if !is_ours || !known {
        return Err(fault());
    }
    // The driver's warnings quote lines of the file of passwords.
    let options = with_default(NoSubscriber::new(), || url.parse::<PgConnectOptions>());
    let options = options.map_err(|_| fault())?;
    Ok(options
        .application_name(&format!("chaski pid {}", std::process::id()))
        .options([("search_path", schema)])
        .options(SETTINGS)
        .disable_statement_logging())
}

/// Machine and database, as they may be shown.
pub(in crate::store) fn place_of(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(folder) => format!("{}/{database}", folder.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

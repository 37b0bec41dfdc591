//! Who may ask for what: the gateway's own keys.
//!
//! A key is `chk_test_<12 hexadecimal>_<40 hexadecimal>` (answered by the sandbox) or `chk_live_…`
//! (by the real upstream). The middle part is public: it finds the key and appears in lists.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::Duration;

use chaski_client::Ask;
use chaski_core::{Ruc, text};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use uuid::Uuid;

use super::{App, AppError};
use crate::mode::kind_of;
use crate::named::named;
use crate::store::{ApiKeyRow, Asker, Company, random};

named! {
    /// What a key may be used for.
    pub enum Scope {
        /// RUC, exchange rates, received documents.
        Consultas = "consultas",
        /// DNI: personal data.
        Dni = "dni",
        /// Bulk look-ups in the background, and jobs.
        Lotes = "lotes",
        /// The table of partners, and the jobs that bring it up to date.
        Partners = "partners",
        /// The record of calls, the state of the upstreams, the schedule.
        Auditoria = "auditoria",
        /// Forgetting all numbers that do not exist, at once; companies that issue.
        Administracion = "administracion",
        /// Issuing documents.
        Emitir = "emitir",
        /// Voiding documents.
        Anular = "anular",
        /// Reading documents that were issued, with their files.
        Comprobantes = "comprobantes",
        /// Keys: seeing, making, changing, renewing and revoking them. No key has it that does not name it.
        Llaves = "llaves",
    }
}

impl Scope {
    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// All of them.
    pub fn all() -> Scopes {
        Scope::ALL.into_iter().collect()
    }

    /// Those of a key of which nothing is said: all but the keys themselves.
    pub fn usual() -> Scopes {
        let others = Scope::ALL.into_iter().filter(|it| *it != Scope::Llaves);
        others.collect()
    }

    /// Whether all of these are in others.
    pub fn are_in(self, others: Scopes) -> bool {
        self.0 & !others.0 == 0
    }

    /// Whether one is in it.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    fn parse(names: &str) -> Scopes {
        names
            .split_whitespace()
            .filter_map(Scope::from_name)
            .collect()
    }

    /// Their names, in their order.
    pub fn each(self) -> impl Iterator<Item = &'static str> {
        let all = Scope::ALL.into_iter();
        all.filter(move |scope| self.contains(*scope))
            .map(Scope::as_str)
    }

    fn names(self) -> String {
        self.each().collect::<Vec<_>>().join(" ")
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

/// A key that is to be made.
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// Whose application will use it; none for the house's own.
    pub company: Option<Ruc>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Requests a minute; 0 for no limit.
    pub per_minute: u32,
    /// Paid calls a Lima day; 0 for no limit.
    pub per_day: u32,
    /// How long it is good; none for ever.
    pub lasts: Option<Duration>,
}

/// What of a key changes; what is none stays.
#[derive(Default, PartialEq, Eq)]
pub struct KeyChange {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may be used for.
    pub scopes: Option<Scopes>,
    /// Requests a minute; 0 for no limit.
    pub per_minute: Option<u32>,
    /// Paid calls a Lima day; 0 for no limit.
    pub per_day: Option<u32>,
    /// How long it is good from now on, or for ever.
    pub lasts: Option<Option<Duration>>,
}

/// A key as its owner may see it again.
pub struct KeyInfo {
    /// As stored.
    pub row: ApiKeyRow,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The beginning of the key, such as `chk_live_0f3a9c1b2d4e`.
    pub shown: String,
}

const MINUTE: Duration = Duration::from_mins(1);

const SECRET_BYTES: usize = 20;
const PREFIX_BYTES: usize = 6;

impl App {
    /// Makes a key; the text is shown this once and stored nowhere.
    pub async fn create_key(&self, new: NewKey) -> Result<(KeyInfo, SecretString), AppError> {
        self.create_key_of_series(new, &[]).await
    }

    /// The same for some series only, as far as documents go; for all where none is named.
    pub async fn create_key_of_series(
        &self,
        new: NewKey,
        series: &[String],
    ) -> Result<(KeyInfo, SecretString), AppError> {
        let bound: Vec<String> = series
            .iter()
            .map(|it| bound_to(it))
            .collect::<Result<_, _>>()?;
        let name = good_name(&new.name)?;
        check_scopes(new.scopes)?;
        let now = self.clock.now();
        let prefix = hex::encode(random::<PREFIX_BYTES>()?);
        let shown = format!("{}{prefix}", kind_of(self.mode));
        let text = secret_of(&shown)?;
        let row = ApiKeyRow {
            id: Uuid::from_bytes(random::<16>()?),
            prefix,
            hash: hash_of(text.expose_secret()),
            name: name.to_owned(),
            company: new
                .company
                .map_or(Company::HOUSE, |ruc| self.store.company(&ruc)),
            company_shown: new.company.map(|ruc| ruc.masked()),
            scopes: [&[new.scopes.names()], bound.as_slice()].concat().join(" "),
            per_minute: new.per_minute,
            per_day: new.per_day,
            created_at: now,
            expires_at: new.lasts.and_then(|lasts| now.checked_add(lasts).ok()),
            revoked_at: None,
        };
        self.store.add_api_key(row.clone()).await?;
        let info = KeyInfo {
            row,
            scopes: new.scopes,
            shown,
        };
        Ok((info, text))
    }

    /// All keys of this side.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, AppError> {
        let rows = self.store.api_keys().await?;
        Ok(rows.into_iter().map(|row| self.key_info(row)).collect())
    }

    fn key_info(&self, row: ApiKeyRow) -> KeyInfo {
        KeyInfo {
            scopes: Scopes::parse(&row.scopes),
            shown: format!("{}{}", kind_of(self.mode), row.prefix),
            row,
        }
    }

    /// Changes a key that is not revoked; none where it is, or was never there.
    pub async fn change_key(
        &self,
        key: KeyInfo,
        change: KeyChange,
    ) -> Result<Option<KeyInfo>, AppError> {
        let mut row = key.row;
        if let Some(name) = &change.name {
            good_name(name)?.clone_into(&mut row.name);
        }
        if let Some(scopes) = change.scopes {
            check_scopes(scopes)?;
            let bound = series_of(&row.scopes).into_iter();
            let bound = bound.map(|serie| format!("{OF_SERIES}{serie}"));
            let names: Vec<String> = std::iter::once(scopes.names()).chain(bound).collect();
            row.scopes = names.join(" ");
        }
        row.per_minute = change.per_minute.unwrap_or(row.per_minute);
        row.per_day = change.per_day.unwrap_or(row.per_day);
        if let Some(lasts) = change.lasts {
            let now = self.clock.now();
            row.expires_at = lasts.and_then(|lasts| now.checked_add(lasts).ok());
        }
        let changed = self.store.change_api_key(row.clone()).await?;
        Ok(changed.then(|| self.key_info(row)))
    }

    /// Another secret for a key that is not revoked, under the same name: what it owns stays its own.
    /// The text is shown this once and stored nowhere.
    pub async fn renew_key(
        &self,
        key: KeyInfo,
    ) -> Result<Option<(KeyInfo, SecretString)>, AppError> {
        let text = secret_of(&key.shown)?;
        let row = ApiKeyRow {
            hash: hash_of(text.expose_secret()),
            ..key.row
        };
        let changed = self.store.change_api_key(row.clone()).await?;
        Ok(changed.then(|| (self.key_info(row), text)))
    }

    /// How work in the background asks: under the name of its key, and within the key's day.
    pub(super) async fn ask_of_work(
        &self,
        name: &str,
        key_id: Option<Uuid>,
    ) -> Result<Ask, AppError> {
        let keys = match key_id {
            Some(_) => self.store.api_keys().await?,
            None => Vec::new(),
        };
        let key = keys.iter().find(|key| Some(key.id) == key_id);
        let asker = key.map_or_else(|| Asker::named(name), Asker::of_key);
        Ok(Ask {
            per_day: key.and_then(|key| most_a_day(key.per_day)),
            ..asker.ask()
        })
    }

    /// Whether a company is the one with that RUC.
    pub fn is_company(&self, company: Company, ruc: &Ruc) -> bool {
        company == self.store.company(ruc)
    }

    /// Revokes a key, named by its beginning or by its public part; false when there is none.
    pub async fn revoke_key(&self, named: &str) -> Result<bool, AppError> {
        let named = named.trim();
        let named = named.strip_prefix(kind_of(self.mode)).unwrap_or(named);
        let prefix = named.split('_').next().unwrap_or_default().to_owned();
        Ok(self.store.revoke_api_key(prefix, self.clock.now()).await?)
    }
}

/// The keys of one side in memory, with what each has used up.
#[derive(Default)]
pub struct KeyRing {
    keys: RwLock<HashMap<String, Arc<KeyState>>>,
    /// Once true it stays so.
    had_keys: AtomicBool,
}

/// A key in use.
pub struct KeyState {
    /// Its identifier.
    pub id: Uuid,
    /// Who asks with it.
    pub asker: Asker,
    /// Whose it is.
    pub company: Company,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The series whose documents it may issue and see; all where none is named.
    pub series: Vec<String>,
    /// Requests a minute; 0 for no limit.
    pub per_minute: u32,
    /// Paid calls a Lima day; 0 for no limit.
    pub per_day: u32,
    hash: [u8; 32],
    expires_at: Option<Timestamp>,
    revoked: bool,
    /// When the next request would be exactly in pace (GCRA), by a clock that nobody sets; none
    /// before the first.
    next_turn: Mutex<Option<Instant>>,
    /// Calls that work which is being handed in may cost.
    pub(crate) may_pay: AtomicU64,
}

/// Why a presented key is not let in. All are told alike to the caller but for expiry, which only
/// who holds the whole key can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No key is like that.
    Unknown,
    /// It was good until some day.
    Expired,
}

/// What is left of a minute's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Requests a minute.
    pub limit: u32,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Until the whole minute's amount is there again; or, when refused, until the next request.
    pub wait: Duration,
    /// Whether this one may go on.
    pub granted: bool,
}

impl KeyRing {
    /// Takes over what the store knows; what a key has used up stays.
    pub async fn reload(&self, app: &App) -> Result<(), AppError> {
        if !self.had_keys() && app.store.had_keys().await? {
            self.had_keys.store(true, Ordering::Release);
        }
        let rows = app.store.api_keys().await?;
        let mut keys = self.write();
        let mut fresh = HashMap::with_capacity(rows.len());
        for row in rows {
            let known = keys.get(&row.prefix);
            let turn = known.and_then(|known| *known.turn());
            let may_pay = known.map_or(0, |known| known.may_pay.load(Ordering::Relaxed));
            let same = known.filter(|known| known.is(&row)).cloned();
            let state = same.unwrap_or_else(|| Arc::new(KeyState::new(&row, turn, may_pay)));
            fresh.insert(row.prefix, state);
        }
        *keys = fresh;
        Ok(())
    }

    /// Whether there has ever been a key, revoked or not.
    pub fn had_keys(&self) -> bool {
        self.had_keys.load(Ordering::Acquire)
    }

    /// Whether there is a key that may be used now.
    pub fn has_good_keys(&self, now: Timestamp) -> bool {
        let good =
            |key: &Arc<KeyState>| !key.revoked && key.expires_at.is_none_or(|until| until > now);
        self.read().values().any(good)
    }

    /// The key that was presented.
    pub fn check(&self, presented: &str, now: Timestamp) -> Result<Arc<KeyState>, KeyRefusal> {
        let prefix = presented
            .get("chk_test_".len()..)
            .and_then(|rest| rest.split('_').next())
            .ok_or(KeyRefusal::Unknown)?;
        let state = self
            .read()
            .get(prefix)
            .cloned()
            .ok_or(KeyRefusal::Unknown)?;
        let matches: bool = state.hash.ct_eq(&hash_of(presented)).into();
        if !matches || state.revoked {
            return Err(KeyRefusal::Unknown);
        }
        if state.expires_at.is_some_and(|until| until <= now) {
            return Err(KeyRefusal::Expired);
        }
        Ok(state)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, Arc<KeyState>>> {
        self.keys
            .write()
            .expect("no code panics while it holds this lock")
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Arc<KeyState>>> {
        self.keys
            .read()
            .expect("no code panics while it holds this lock")
    }
}

impl KeyState {
    fn new(row: &ApiKeyRow, turn: Option<Instant>, may_pay: u64) -> KeyState {
        KeyState {
            id: row.id,
            asker: Asker::of_key(row),
            company: row.company,
            scopes: Scopes::parse(&row.scopes),
            series: series_of(&row.scopes),
            per_minute: row.per_minute,
            per_day: row.per_day,
            hash: row.hash,
            expires_at: row.expires_at,
            revoked: row.revoked_at.is_some(),
            next_turn: Mutex::new(turn),
            may_pay: AtomicU64::new(may_pay),
        }
    }

    fn is(&self, row: &ApiKeyRow) -> bool {
        self.id == row.id
            && self.hash == row.hash
            && self.revoked == row.revoked_at.is_some()
            && self.expires_at == row.expires_at
            && self.scopes == Scopes::parse(&row.scopes)
            && (self.per_minute, self.per_day) == (row.per_minute, row.per_day)
    }

    /// Paid calls a Lima day; none without a limit.
    pub fn most_a_day(&self) -> Option<u64> {
        most_a_day(self.per_day)
    }

    /// Takes a turn of the minute's requests; none for a key without a limit. A whole minute's
    /// amount may come at once.
    pub fn take_turn(&self, now: Instant) -> Option<Turn> {
        if self.per_minute == 0 {
            return None;
        }
        // Above one each microsecond there is no pace to keep.
        let interval = (MINUTE / self.per_minute).max(Duration::from_micros(1));
        let mut next = self.turn();
        let due = next.map_or(now, |next| next.max(now));
        let early = due + interval - now;
        let granted = early <= MINUTE;
        if granted {
            *next = Some(due + interval);
        }
        let used = if granted { early } else { due - now };
        let wait = if granted {
            used
        } else {
            early.saturating_sub(MINUTE)
        };
        let remaining = MINUTE.saturating_sub(used).as_micros() / interval.as_micros();
        Some(Turn {
            limit: self.per_minute,
            remaining: u32::try_from(remaining).unwrap_or(0),
            wait,
            granted,
        })
    }

    fn turn(&self) -> MutexGuard<'_, Option<Instant>> {
        self.next_turn
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl fmt::Debug for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyState({})", self.asker)
    }
}

/// What stands before a series among the scopes of a key that is bound to it.
const OF_SERIES: &str = "serie:";

/// A series as it stands among the scopes of a key. No series is a scope, so none is taken for one.
fn bound_to(serie: &str) -> Result<String, AppError> {
    let serie = serie.trim().to_ascii_uppercase();
    let good = serie.len() == 4 && serie.bytes().all(|it| it.is_ascii_alphanumeric());
    if good {
        return Ok(format!("{OF_SERIES}{serie}"));
    }
    Err(AppError::Usage(text!(
        "--series: una serie tiene 4 letras o cifras, como F001",
        "--series: a series has 4 letters or digits, such as F001"
    )))
}

/// Another secret behind the public part of a key.
fn secret_of(shown: &str) -> Result<SecretString, AppError> {
    let secret = hex::encode(random::<SECRET_BYTES>()?);
    Ok(SecretString::from(format!("{shown}_{secret}")))
}

fn good_name(name: &str) -> Result<&str, AppError> {
    let name = name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(AppError::Usage(text!(
            "el nombre de la llave debe tener entre 1 y 100 caracteres",
            "the name of the key must have 1 to 100 characters"
        )));
    }
    Ok(name)
}

fn check_scopes(scopes: Scopes) -> Result<(), AppError> {
    if scopes == Scopes::default() {
        return Err(AppError::Usage(text!(
            "indique al menos un permiso para la llave",
            "give the key at least one scope"
        )));
    }
    Ok(())
}

/// The series that a key is bound to, out of what is stored of it.
pub(crate) fn series_of(names: &str) -> Vec<String> {
    let series = names
        .split_whitespace()
        .filter_map(|it| it.strip_prefix(OF_SERIES));
    series.map(str::to_owned).collect()
}

fn most_a_day(per_day: u32) -> Option<u64> {
    (per_day > 0).then(|| per_day.into())
}

fn hash_of(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

//! Memory and files for what may be large, in all and for each key. A caller that takes its time
//! keeps only what is its key's.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use super::problem::Problem;

const MIB: u64 = 1024 * 1024;

/// What a list takes that is read with [`crate::sheets::Limits::of_a_small_list`], from its cells to
/// its rows in the store.
pub(crate) const SMALL: u64 = 32 * MIB;
/// The same of the largest list that the gateway takes, and of its result.
pub(crate) const LARGE: u64 = 144 * MIB;

/// Memory for all that is read, worked on and written at once.
const MEMORY: u64 = 208 * MIB;
/// The part of it that one key may have.
const OF_A_KEY: u64 = 176 * MIB;
/// Bodies and results in files at once, coming in or going out, of all and of one key.
const FILES: usize = 256;
const FILES_OF_A_KEY: usize = 8;
/// Memory for answers that their callers are taking; what finds none waits in a file.
const ANSWERS: u64 = 48 * MIB;
const ANSWERS_OF_A_KEY: u64 = 16 * MIB;

/// How long one waits for a file, which may be as slow as a client's connection.
const FILE_WAITS: Duration = Duration::from_secs(5);
/// How long one waits for memory, which is that of work under way.
const MEMORY_WAITS: Duration = Duration::from_secs(20);

/// What there is of it all.
struct Amounts {
    memory: Arc<Semaphore>,
    files: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Amounts {
    fn new(memory: u64, files: usize, answers: u64) -> Arc<Amounts> {
        let kib = |bytes: u64| Arc::new(Semaphore::new(kib(bytes) as usize));
        Arc::new(Amounts {
            memory: kib(memory),
            files: Arc::new(Semaphore::new(files)),
            answers: kib(answers),
        })
    }
}

/// Where it is taken from.
pub(crate) struct Room {
    folder: PathBuf,
    all: Arc<Amounts>,
    of_keys: Mutex<HashMap<Option<Uuid>, Arc<Amounts>>>,
}

/// What was taken, until it is dropped.
#[expect(dead_code, reason = "kept until it is dropped")]
pub(crate) struct RoomHeld([OwnedSemaphorePermit; 2]);

impl Room {
    /// One whose files lie in that folder.
    pub(crate) fn new(folder: PathBuf) -> Room {
        Room {
            folder,
            all: Amounts::new(MEMORY, FILES, ANSWERS),
            of_keys: Mutex::default(),
        }
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Memory for work of a key, for which it may wait a moment.
    pub(crate) async fn memory(&self, key: Option<Uuid>, bytes: u64) -> Result<RoomHeld, Problem> {
        let amount = kib(bytes.min(OF_A_KEY));
        let own = Arc::clone(&self.of(key).memory);
        take([own, Arc::clone(&self.all.memory)], amount, MEMORY_WAITS).await
    }

    /// A file of a key.
    pub(crate) async fn file(&self, key: Option<Uuid>) -> Result<RoomHeld, Problem> {
        let own = Arc::clone(&self.of(key).files);
        take([own, Arc::clone(&self.all.files)], 1, FILE_WAITS).await
    }

    /// Memory for an answer, if there is some.
    pub(crate) fn answer(&self, key: Option<Uuid>, bytes: u64) -> Option<RoomHeld> {
        let own = Arc::clone(&self.of(key).answers);
        let own = own.try_acquire_many_owned(kib(bytes)).ok()?;
        let all = Arc::clone(&self.all.answers);
        Some(RoomHeld([
            own,
            all.try_acquire_many_owned(kib(bytes)).ok()?,
        ]))
    }

    fn of(&self, key: Option<Uuid>) -> Arc<Amounts> {
        let mut of_keys = self.of_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = of_keys
            .entry(key)
            .or_insert_with(|| Amounts::new(OF_A_KEY, FILES_OF_A_KEY, ANSWERS_OF_A_KEY));
        Arc::clone(of_key)
    }
}

/// First what is the key's own: waiting for that holds up no other key.
async fn take(
    [own, all]: [Arc<Semaphore>; 2],
    amount: u32,
    waits: Duration,
) -> Result<RoomHeld, Problem> {
    let taken = async {
        let own = own.acquire_many_owned(amount).await.ok()?;
        Some(RoomHeld([own, all.acquire_many_owned(amount).await.ok()?]))
    };
    match timeout(waits, taken).await {
        Ok(Some(held)) => Ok(held),
        _ => Err(Problem::overload()),
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX)
}

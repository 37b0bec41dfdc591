//! The HTTP door: every request is read here, handed to one room, and its outcome rendered here.
//!
//! In reading order: `router` (every route in one list), `server` (connections and their
//! limits), `door` (what all requests pass), `caller` (who asks), `problem` (how errors look), and
//! one file per noun.

mod batches;
mod calls;
mod compat;
mod consumption;
mod cpe;
mod description;
mod dni;
mod docs;
mod door;
mod exchange_rate;
mod health;
mod invalid_rucs;
mod issued;
mod keys;
mod kit;
mod partner_lists;
mod partners;
mod router;
mod ruc;
mod server;
mod several;
mod trabajos;
mod upstreams;

pub use door::Door;
pub use router::openapi;
pub use server::serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, watch};

use kit::rendered::RenderedBodies;
use kit::room::Room;
use kit::waiting::Waiting;

use crate::app::keys::KeyRing;
use crate::app::{App, AppError, Mode};

/// Requests with a key worked on at once; any further one is told to come back in a moment.
/// What needs no key, health first of all, needs no place either.
const MOST_AT_ONCE: usize = 2_048;

/// Bodies that are read to find the key in them; see [`kit::body::MOST_BEFORE_THE_KEY`].
const MOST_UNKNOWN: usize = 1_024;

/// Everything the door needs: the rooms of both sides and the keys to them.
pub struct Gateway {
    sandbox: Side,
    real: Option<Side>,
    places: Arc<Semaphore>,
    /// Bodies that come before it is known whose they are.
    unknown: Waiting,
    room: Arc<Room>,
    rendered: RenderedBodies,
    stopping: watch::Sender<bool>,
    /// Once true it stays so: revoking the last key must not open the door to everybody.
    closed: AtomicBool,
}

/// One side: answered by the sandbox, or by the real upstream.
pub struct Side {
    /// Its rooms.
    pub app: Arc<App>,
    /// Its keys.
    pub ring: KeyRing,
}

impl Side {
    /// A side with the keys that its store knows.
    pub async fn open(app: Arc<App>) -> Result<Side, AppError> {
        let ring = KeyRing::default();
        ring.reload(&app).await?;
        Ok(Side { app, ring })
    }
}

impl Gateway {
    /// A gateway; without a real side, keys of the real upstream are told so.
    pub fn new(sandbox: Side, real: Option<Side>) -> Gateway {
        let folder = real.as_ref().unwrap_or(&sandbox).app.config.dir.clone();
        let gateway = Gateway {
            sandbox,
            real,
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            unknown: Waiting::new(MOST_UNKNOWN),
            room: Arc::new(Room::new(folder)),
            rendered: RenderedBodies::default(),
            stopping: watch::Sender::new(false),
            closed: AtomicBool::new(false),
        };
        gateway.close_if_there_were_keys();
        gateway
    }

    /// No key was ever made: every program of this machine may ask. Only for
    /// loopback.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// From now on it asks for a key, whether there is one or not.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether anybody holds a key that is good now.
    pub fn has_good_keys(&self) -> bool {
        let good = |side: &Side| side.ring.has_good_keys(side.app.clock.now());
        self.sides().any(good)
    }

    fn close_if_there_were_keys(&self) {
        if self.sides().any(|side| side.ring.had_keys()) {
            self.close();
        }
    }

    /// The side that answers without a key: the real one where there is a token.
    pub fn usual(&self) -> &Side {
        self.real.as_ref().unwrap_or(&self.sandbox)
    }

    fn side(&self, mode: Mode) -> Option<&Side> {
        match mode {
            Mode::Sandbox => Some(&self.sandbox),
            Mode::Real => self.real.as_ref(),
        }
    }

    /// Both sides, or the one there is.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.sandbox).chain(&self.real)
    }

    /// Takes over keys that another process made or revoked, and forgets what it forgot.
    pub async fn reload_keys(&self) {
        for side in self.sides() {
            if let Err(error) = side.app.forget_too().await {
                tracing::warn!(%error, "what others forgot could not be read");
            }
            if let Err(error) = side.ring.reload(&side.app).await {
                tracing::warn!(%error, "the keys could not be read again");
            }
        }
        self.close_if_there_were_keys();
    }

    /// From now on it is not ready for new work, and what would go on by itself ends.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ready once it is told to stop.
    fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.subscribe();
        async move {
            // A gateway that is gone has stopped too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}

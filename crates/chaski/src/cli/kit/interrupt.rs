//! Ctrl-C. A deed that ends in its own way hears it itself ([`Interrupt`], [`Heeding`]); for everybody else,
//! from the first question on, it gives the terminal back as it was and ends the process.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use chaski_core::Lang;

use crate::app::AppError;
use crate::system::{TerminalState, interrupts, terminal_state};

/// What the process ends with: 128 and the number of the signal, as of any program that it ends.
pub(in crate::cli) const INTERRUPTED: i32 = 130;

/// Longer than a question takes from its words to its terminal.
const A_MOMENT: Duration = Duration::from_millis(20);

/// How many deeds hear Ctrl-C themselves.
static HEEDED: AtomicUsize = AtomicUsize::new(0);
/// The terminal before the last question: one that hides what is typed, or the cursor, changes it.
static BEFORE: Mutex<Option<TerminalState>> = Mutex::new(None);

/// Whether somebody watches already.
static WATCH: Once = Once::new();

/// While one lives, Ctrl-C is its owner's affair.
pub(in crate::cli) struct Heeding(());

impl Heeding {
    /// From now on.
    pub(in crate::cli) fn begin() -> Heeding {
        HEEDED.fetch_add(1, Ordering::SeqCst);
        Heeding(())
    }
}

impl Drop for Heeding {
    fn drop(&mut self) {
        HEEDED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ctrl-C, once it comes.
pub(in crate::cli) struct Interrupt {
    came: Pin<Box<dyn Future<Output = std::io::Result<()>>>>,
    _heeding: Heeding,
}

impl Interrupt {
    /// Listens from now on.
    pub(in crate::cli) fn listen() -> Interrupt {
        Interrupt {
            came: Box::pin(tokio::signal::ctrl_c()),
            _heeding: Heeding::begin(),
        }
    }

    /// What comes of a deed, unless the person interrupts it.
    pub(in crate::cli) async fn or<T, E: Into<AppError>>(
        &mut self,
        deed: impl Future<Output = Result<T, E>>,
    ) -> Result<T, AppError> {
        tokio::select! {
            done = deed => done.map_err(Into::into),
            _ = &mut self.came => Err(AppError::Interrupted),
        }
    }
}

/// Puts a question that Ctrl-C may end: the terminal is then as it was before it.
pub(in crate::cli) fn question<T>(lang: Lang, ask: impl FnOnce() -> T) -> T {
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = terminal_state();
    WATCH.call_once(|| {
        let Some(mut interrupts) = interrupts() else {
            return;
        };
        tokio::spawn(async move {
            while interrupts.next().await.is_some() {
                if HEEDED.load(Ordering::SeqCst) == 0 {
                    leave(interrupted(lang));
                }
            }
        });
    });
    ask()
}

/// What is said of it.
pub(in crate::cli) fn interrupted(lang: Lang) -> &'static str {
    lang.pick("Interrumpido", "Interrupted")
}

/// Gives the terminal back and ends the process, with a word.
pub(in crate::cli) fn leave(word: &str) -> ! {
    // A question that was put this moment may still be about to change the terminal.
    std::thread::sleep(A_MOMENT);
    if let Some(before) = &*BEFORE.lock().unwrap_or_else(PoisonError::into_inner) {
        before.restore();
    }
    drop(dialoguer::console::Term::stderr().show_cursor());
    anstream::eprintln!("\n{word}");
    std::process::exit(INTERRUPTED);
}

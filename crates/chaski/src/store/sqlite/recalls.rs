//! Single questions to memory that come while another one is being answered share a query. Each
//! would otherwise pay for its own trip to the database's thread, which costs ten times what
//! finding a row does; and no memory in the process could spare it, because another process may
//! have learned the answer.

use std::mem;
use std::sync::Arc;

use chaski_client::{Key, Memory};
use tokio::sync::{mpsc, oneshot};

use crate::store::error::StoreError;
use crate::store::readers::Readers;
use crate::store::seal::Keys;

/// One statement's worth; what comes beyond is the next group.
const MOST_AT_ONCE: usize = 64;

/// The near end of the queue of questions.
pub(in crate::store) struct Recalls {
    queue: mpsc::UnboundedSender<Wanted>,
}

struct Wanted {
    key: Key,
    answer: oneshot::Sender<Result<Option<Memory>, StoreError>>,
}

impl Recalls {
    /// Starts the task that answers; it ends with the last sender.
    pub(in crate::store) fn start(keys: Arc<Keys>, readers: Arc<Readers>) -> Recalls {
        let (queue, inbox) = mpsc::unbounded_channel();
        tokio::spawn(answer_all(inbox, keys, readers));
        Recalls { queue }
    }

    /// What is stored of one key.
    pub(in crate::store) async fn recall(&self, key: &Key) -> Result<Option<Memory>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let wanted = Wanted {
            key: key.clone(),
            answer,
        };
        self.queue.send(wanted).map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

async fn answer_all(
    mut inbox: mpsc::UnboundedReceiver<Wanted>,
    keys: Arc<Keys>,
    readers: Arc<Readers>,
) {
    let mut group = Vec::with_capacity(MOST_AT_ONCE);
    while inbox.recv_many(&mut group, MOST_AT_ONCE).await > 0 {
        // Whoever is about to ask joins this group: costs nothing when nobody is.
        tokio::task::yield_now().await;
        while group.len() < MOST_AT_ONCE
            && let Ok(one) = inbox.try_recv()
        {
            group.push(one);
        }
        let (wanted, waiting): (Vec<Key>, Vec<_>) = mem::take(&mut group)
            .into_iter()
            .map(|one| (one.key, one.answer))
            .unzip();
        // Whoever has left meanwhile does not want the answer.
        let found = readers.stored(&keys, &wanted).await;
        for (place, waiter) in waiting.into_iter().enumerate() {
            let one = found.as_ref().map(|found| found[place].clone());
            let _ = waiter.send(one.map_err(Clone::clone));
        }
    }
}

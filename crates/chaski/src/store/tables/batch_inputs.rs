//! The lists that batches were handed over with, sealed: their columns go back with the result.

use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::SealedPlace;
use crate::store::sql::{Conn, query};

impl Store {
    /// The list of a batch as it was handed over; none for a batch without one.
    pub async fn batch_input(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        let sealed: Option<Vec<u8>> = query(
            "SELECT i.sealed FROM batches b JOIN batch_inputs i ON i.batch = b.seq WHERE b.id = $1",
        )
        .bind(id)
        .fetch_optional(&mut reader)
        .await?;
        let open = |sealed: Vec<u8>| self.keys.open(&SealedPlace::Input(id), &sealed);
        sealed
            .map(|sealed| open(sealed).ok_or(StoreError::Corrupt))
            .transpose()
    }

    /// Bytes that the list of a batch is kept in; none when it was not handed over with a list.
    pub async fn batch_input_size(&self, id: Uuid) -> Result<u64, StoreError> {
        let mut reader = self.read().await?;
        let size = query(
            "SELECT length(i.sealed) FROM batches b JOIN batch_inputs i ON i.batch = b.seq \
             WHERE b.id = $1",
        )
        .bind(id)
        .fetch_optional(&mut reader)
        .await?;
        Ok(size.unwrap_or(0))
    }

    /// Masks a number in every list that names it; says in how many.
    pub(in crate::store) async fn erase_from_inputs(
        &self,
        subject: &str,
    ) -> Result<u64, StoreError> {
        let (mut after, mut erased) = (0_i64, 0);
        loop {
            let mut reader = self.read().await?;
            let next: Option<(i64, Uuid, Vec<u8>)> = query(
                "SELECT b.seq, b.id, i.sealed FROM batch_inputs i \
                 JOIN batches b ON b.seq = i.batch WHERE i.batch > $1 ORDER BY i.batch LIMIT 1",
            )
            .bind(after)
            .fetch_optional(&mut reader)
            .await?;
            drop(reader);
            let Some((seq, id, sealed)) = next else {
                return Ok(erased);
            };
            after = seq;
            let Some(mut input) = self.keys.open(&SealedPlace::Input(id), &sealed) else {
                continue;
            };
            if !mask(&mut input, subject.as_bytes()) {
                continue;
            }
            let sealed = self.keys.seal(&SealedPlace::Input(id), &input)?;
            let replace = "UPDATE batch_inputs SET sealed = $2 WHERE batch = $1";
            erased += self
                .write(move |connection| Box::pin(put(connection, replace, seq, sealed)))
                .await?;
        }
    }
}

/// Replaces by asterisks every run of digits that is the number, or the RUC of the person whose
/// DNI it is. Nothing else in a list changes, not even its length.
fn mask(input: &mut [u8], subject: &[u8]) -> bool {
    let (mut at, mut found) = (0, false);
    while at < input.len() {
        let digits = input[at..].iter().take_while(|byte| byte.is_ascii_digit());
        let length = digits.count();
        let run = &mut input[at..at + length];
        let of_person = subject.len() == 8 && length == 11 && &run[2..10] == subject;
        if length > 0 && (run == subject || of_person) {
            run.fill(b'*');
            found = true;
        }
        at += length.max(1);
    }
    found
}

/// Keeps the sealed list of a new batch.
pub(in crate::store) async fn insert(
    connection: &mut Conn,
    batch: i64,
    sealed: Vec<u8>,
) -> Result<u64, StoreError> {
    let insert = "INSERT INTO batch_inputs (batch, sealed) VALUES ($1, $2)";
    put(connection, insert, batch, sealed).await
}

async fn put(
    connection: &mut Conn,
    statement: &'static str,
    batch: i64,
    sealed: Vec<u8>,
) -> Result<u64, StoreError> {
    query(statement)
        .bind(batch)
        .bind(sealed)
        .execute(connection)
        .await
}

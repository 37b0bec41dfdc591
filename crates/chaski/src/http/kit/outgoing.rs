//! What goes out and is not small. A caller that takes its time holds a file, or its key's part of
//! the memory for answers; the work that made the answer is over by then.

use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use uuid::Uuid;

use super::{Problem, Room, RoomHeld, body::no_file};
use crate::scratch::{Scratch, ScratchReader, ScratchWriter};

/// Bytes that are on their way at once.
const PIECE: usize = 32 * 1024;
/// An answer of up to this many bytes goes out as it is.
const SMALL: u64 = 128 * 1024;

/// An answer, with its body where it does no harm.
pub(crate) async fn sent(room: &Arc<Room>, key: Option<Uuid>, answer: Response) -> Response {
    let length = answer.body().size_hint().exact();
    let Some(length) = length.filter(|length| *length > SMALL) else {
        return answer;
    };
    let (head, body) = answer.into_parts();
    let Ok(bytes) = body.collect().await else {
        return Response::from_parts(head, Body::empty());
    };
    let bytes = bytes.to_bytes();
    let body = match room.answer(key, length) {
        Some(memory) => pieces(bytes, memory),
        None => match in_a_file(room, bytes).await {
            Ok(scratch) => streamed(&scratch, None),
            // Better in memory than not at all.
            Err(bytes) => Body::from(bytes),
        },
    };
    let mut answer = Response::from_parts(head, body);
    put_length(&mut answer, length);
    answer
}

/// A file as the body of an answer; its place is kept until the caller has taken it.
pub(crate) fn of_file(scratch: &Scratch, held: RoomHeld) -> Response {
    let mut answer = Response::new(streamed(scratch, Some(held)));
    put_length(&mut answer, scratch.len());
    answer
}

fn put_length(answer: &mut Response, length: u64) {
    let length = HeaderValue::from(length);
    answer.headers_mut().insert(CONTENT_LENGTH, length);
}

async fn in_a_file(room: &Arc<Room>, bytes: Bytes) -> Result<Scratch, Bytes> {
    let (folder, kept) = (room.folder(), bytes.clone());
    let written = tokio::task::spawn_blocking(move || {
        let mut writer = ScratchWriter::new(folder);
        std::io::Write::write_all(&mut writer, &bytes)?;
        writer.finish()
    });
    match written.await {
        Ok(Ok(scratch)) => Ok(scratch),
        Ok(Err(error)) => {
            let _ = no_file(&error);
            Err(kept)
        }
        Err(_) => Err(kept),
    }
}

/// Bytes in pieces: a connection copies what it is given, and a whole answer would be there twice.
fn pieces(bytes: Bytes, held: RoomHeld) -> Body {
    let pieces = (0..bytes.len()).step_by(PIECE).map(move |at| {
        let _until_the_last = &held;
        Ok::<_, std::convert::Infallible>(bytes.slice(at..bytes.len().min(at + PIECE)))
    });
    Body::from_stream(stream::iter(pieces))
}

fn streamed(scratch: &Scratch, held: Option<RoomHeld>) -> Body {
    let next = |(reader, held): (ScratchReader, Option<RoomHeld>)| async move {
        let read = tokio::task::spawn_blocking(move || read_piece(reader)).await;
        match read.map_err(std::io::Error::other).and_then(|read| read) {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, reader)) => Some((Ok(piece), (reader, held))),
            Err(error) => {
                tracing::error!(%error, "a file could not be sent to its end");
                let nothing = Scratch::of_bytes(Bytes::new());
                Some((Err(error), (nothing.reader(), held)))
            }
        }
    };
    // What squeezes it asks once more after its end.
    Body::from_stream(stream::unfold((scratch.reader(), held), next).fuse())
}

fn read_piece(mut reader: ScratchReader) -> std::io::Result<(Bytes, ScratchReader)> {
    let mut piece = vec![0; PIECE];
    let length = reader.read(&mut piece)?;
    piece.truncate(length);
    Ok((piece.into(), reader))
}

/// A result that is written at its own pace into a file of ours.
pub(crate) fn finished(writer: ScratchWriter) -> Result<Scratch, Problem> {
    writer.finish().map_err(|error| no_file(&error))
}

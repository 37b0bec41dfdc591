//! Text of any encoding as UTF-8, piece by piece.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{
    CoderResult, Decoder, Encoding as Charset, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

use crate::sheets::Encoding;

impl Encoding {
    /// How its characters are read.
    pub(super) fn charset(self) -> &'static Charset {
        match self {
            Encoding::Utf8 => UTF_8,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => WINDOWS_1252,
        }
    }
}

/// Text as UTF-8 without its byte order mark, whatever it was written in.
pub(super) struct DecodedText<R> {
    source: BufReader<R>,
    decoder: Decoder,
    ready: Vec<u8>,
    /// How much of it was taken by whoever reads it as a stream.
    taken: usize,
    finished: bool,
}

impl<R: Read> DecodedText<R> {
    pub(super) fn new(source: R, charset: &'static Charset) -> DecodedText<R> {
        DecodedText {
            source: BufReader::with_capacity(32 * 1024, source),
            decoder: charset.new_decoder_with_bom_removal(),
            ready: Vec::with_capacity(128 * 1024),
            taken: 0,
            finished: false,
        }
    }

    /// Decodes the next piece; `false` once there is none.
    pub(super) fn refill(&mut self) -> io::Result<bool> {
        if self.finished {
            return Ok(false);
        }
        let bytes = self.source.fill_buf()?;
        let last = bytes.is_empty();
        let wanted = self.decoder.max_utf8_buffer_length(bytes.len());
        self.ready.resize(wanted.unwrap_or(4 * bytes.len() + 16), 0);
        let (result, used, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.ready, last);
        self.ready.truncate(written);
        self.finished = last && result == CoderResult::InputEmpty;
        self.source.consume(used);
        Ok(true)
    }

    pub(super) fn ready(&self) -> &[u8] {
        &self.ready
    }
}

impl<R: Read> BufRead for DecodedText<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken >= self.ready.len() {
            self.taken = 0;
            if !self.refill()? {
                self.ready.clear();
                break;
            }
        }
        Ok(&self.ready[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl<R: Read> Read for DecodedText<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(target.len());
        target[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

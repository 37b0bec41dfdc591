//! Each word has its colours.

use rust_xlsxwriter::{Color, Format};

use crate::sheets::ResultWord;

/// Colour and bold of a word; it says the same to who cannot tell colours.
pub(super) fn word_format(word: &ResultWord) -> Format {
    let (paper, ink) = word.colours;
    Format::new()
        .set_bold()
        .set_background_color(Color::RGB(paper))
        .set_font_color(Color::RGB(ink))
}

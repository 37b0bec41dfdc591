//! Colours of an xlsx: said as they are, by a place in Excel's old palette, or by one in the book's theme.

use std::io::{Read, Seek};

use quick_xml::events::{BytesStart, Event};

use super::package::{Package, attribute};

/// Colours of the theme by their number in `theme="…"`: text and ground come the other way round in the
/// theme's own part. These are of a book without one.
pub(super) struct Palette([u32; 12]);

impl Default for Palette {
    fn default() -> Palette {
        Palette([
            0xFF_FFFF, 0x00_0000, 0xE7_E6E6, 0x44_546A, 0x44_72C4, 0xED_7D31, 0xA5_A5A5, 0xFF_C000,
            0x5B_9BD5, 0x70_AD47, 0x05_63C1, 0x95_4F72,
        ])
    }
}

/// Excel's palette of before, from 8 on; the first eight are the same as the next.
const INDEXED: [u32; 56] = [
    0x00_0000, 0xFF_FFFF, 0xFF_0000, 0x00_FF00, 0x00_00FF, 0xFF_FF00, 0xFF_00FF, 0x00_FFFF,
    0x80_0000, 0x00_8000, 0x00_0080, 0x80_8000, 0x80_0080, 0x00_8080, 0xC0_C0C0, 0x80_8080,
    0x99_99FF, 0x99_3366, 0xFF_FFCC, 0xCC_FFFF, 0x66_0066, 0xFF_8080, 0x00_66CC, 0xCC_CCFF,
    0x00_0080, 0xFF_00FF, 0xFF_FF00, 0x00_FFFF, 0x80_0080, 0x80_0000, 0x00_8080, 0x00_00FF,
    0x00_CCFF, 0xCC_FFFF, 0xCC_FFCC, 0xFF_FF99, 0x99_CCFF, 0xFF_99CC, 0xCC_99FF, 0xFF_CC99,
    0x33_66FF, 0x33_CCCC, 0x99_CC00, 0xFF_CC00, 0xFF_9900, 0xFF_6600, 0x66_6699, 0x96_9696,
    0x00_3366, 0x33_9966, 0x00_3300, 0x33_3300, 0x99_3300, 0x99_3366, 0x33_3399, 0x33_3333,
];

/// In the theme's part they stand in this order.
const NAMES: [&str; 12] = [
    "lt1", "dk1", "lt2", "dk2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6",
    "hlink", "folHlink",
];

impl Palette {
    /// That of a theme. Colours are an ornament: a theme that cannot be read is like none.
    pub(super) fn read<R: Read + Seek>(
        package: &mut Package<'_, R>,
        part: Option<&str>,
    ) -> Palette {
        let mut palette = Palette::default();
        let part = part.and_then(|name| package.part(name).ok().flatten());
        let Some(mut part) = part else {
            return palette;
        };
        let mut place = None;
        while let Ok(event) = part.next_event() {
            match event {
                Event::Start(element) => match element.local_name().as_ref() {
                    "srgbClr" | "sysClr" => {
                        let value = attribute(&element, "lastClr");
                        let value = value.or_else(|| attribute(&element, "val"));
                        if let (Some(place), Some(colour)) = (place, value.and_then(|it| rgb(&it)))
                            && let Some(at) = palette.0.get_mut(place)
                        {
                            *at = colour;
                        }
                    }
                    name => {
                        place = NAMES.iter().position(|it| *it == name).or(place);
                    }
                },
                Event::End(element) if element.local_name().as_ref() == "clrScheme" => break,
                Event::Eof => break,
                _ => {}
            }
        }
        palette
    }

    /// The colour that an element says: `rgb`, `theme` with its `tint`, or `indexed`.
    pub(super) fn colour(&self, element: &BytesStart<'_>) -> Option<u32> {
        let place = |name| attribute(element, name)?.parse::<usize>().ok();
        if let Some(text) = attribute(element, "rgb") {
            return rgb(&text);
        }
        let base = match place("theme") {
            Some(theme) => *self.0.get(theme)?,
            None => match place("indexed")? {
                first @ 0..8 => *INDEXED.get(first)?,
                other => *INDEXED.get(other - 8)?,
            },
        };
        let tint = attribute(element, "tint").and_then(|it| it.parse::<f64>().ok());
        Some(tinted(base, tint.unwrap_or(0.0)))
    }
}

/// `FFRRGGBB` or `RRGGBB`.
fn rgb(text: &str) -> Option<u32> {
    let digits = text.len().checked_sub(6)?;
    u32::from_str_radix(text.get(digits..)?, 16).ok()
}

/// Lighter towards 1, darker towards -1.
fn tinted(colour: u32, tint: f64) -> u32 {
    let tint = tint.clamp(-1.0, 1.0);
    let [_, bytes @ ..] = colour.to_be_bytes();
    bytes.into_iter().fold(0, |all, byte| {
        let byte = f64::from(byte);
        let towards = if tint < 0.0 { 0.0 } else { 255.0 };
        let mixed = byte + (towards - byte) * tint.abs();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two bytes"
        )]
        let mixed = mixed.round() as u32;
        all << 8 | mixed.min(255)
    })
}

#[cfg(test)]
mod tests {
    use super::{rgb, tinted};

    #[test]
    fn colours() {
        assert_eq!(rgb("FFFFF2CC"), Some(0xFF_F2CC));
        assert_eq!(rgb("00ff80"), Some(0x00_FF80));
        assert_eq!(rgb("ñ0f"), None);
        assert_eq!(tinted(0x44_72C4, 0.0), 0x44_72C4);
        assert_eq!(tinted(0x40_8000, 0.5), 0xA0_C080);
        assert_eq!(tinted(0x40_8000, -0.5), 0x20_4000);
        assert_eq!(tinted(0x40_8000, 9.0), 0xFF_FFFF);
    }
}

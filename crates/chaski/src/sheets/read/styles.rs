//! How the cells of an xlsx look, and which of them show a date.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use compact_str::CompactString;
use quick_xml::events::{BytesStart, Event};

use super::package::{LIST_LIMIT, Package, attribute, corrupt};
use super::palette::Palette;
use crate::sheets::SheetError;
use crate::sheets::book::CellLook;
use crate::sheets::looks::NumberForm;

/// Which cell styles show a date or time, and how each looks.
#[derive(Default)]
pub(super) struct Styles {
    dates: Vec<bool>,
    pub(super) looks: Vec<CellLook>,
}

/// Longest format that is kept, which is also Excel's: a longer one is shown as a plain number.
const FORMAT_CHARS: usize = 255;

impl Styles {
    pub(super) fn is_date(&self, style: usize) -> bool {
        self.dates.get(style).copied().unwrap_or(false)
    }
}

/// What the styles of cells point to.
#[derive(Default)]
struct Parts {
    /// Formats that show a date.
    dates: HashSet<u32>,
    codes: HashMap<u32, CompactString>,
    /// Looks of which only what a font says is filled in.
    fonts: Vec<CellLook>,
    fills: Vec<Option<u32>>,
    /// Whether the fill that is being read is one of a single colour.
    solid: bool,
}

/// Reads the styles; a book without them has none.
pub(super) fn read_styles<R: Read + Seek>(
    package: &mut Package<'_, R>,
    name: &str,
    palette: &Palette,
) -> Result<Styles, SheetError> {
    let mut styles = Styles::default();
    let mut parts = Parts::default();
    let mut inside = CompactString::default();
    let Some(mut part) = package.part(name)? else {
        return Ok(styles);
    };
    loop {
        match part.next_event()? {
            Event::Start(element) => match (inside.as_str(), element.local_name().as_ref()) {
                (_, name @ ("fonts" | "fills" | "cellXfs")) => inside = name.into(),
                (_, "numFmt") => parts.note_format(&element),
                ("fonts", name) => parts.note_font(name, &element, palette),
                ("fills", name) => parts.note_fill(name, &element, palette),
                ("cellXfs", "xf") => {
                    let (is_date, look) = parts.look(&element);
                    styles.dates.push(is_date);
                    styles.looks.push(look);
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "cellXfs" => return Ok(styles),
                "fonts" | "fills" => inside.clear(),
                _ => {}
            },
            Event::Eof => return Ok(styles),
            _ => {}
        }
        let longest = styles.dates.len().max(parts.longest());
        if longest > LIST_LIMIT {
            return Err(corrupt(name));
        }
    }
}

impl Parts {
    fn note_format(&mut self, element: &BytesStart<'_>) {
        let id = attribute(element, "numFmtId").and_then(|id| id.parse().ok());
        let code = attribute(element, "formatCode").unwrap_or_default();
        if let Some(id) = id
            && super::dates::is_date_format(&code)
        {
            self.dates.insert(id);
        }
        if let Some(id) = id.filter(|_| code.len() <= FORMAT_CHARS) {
            self.codes.insert(id, CompactString::from(code));
        }
    }

    fn note_font(&mut self, name: &str, element: &BytesStart<'_>, palette: &Palette) {
        if name == "font" {
            self.fonts.push(CellLook::default());
            return;
        }
        let Some(font) = self.fonts.last_mut() else {
            return;
        };
        let is_on = || !attribute(element, "val").is_some_and(|it| it == "0" || it == "false");
        match name {
            "b" => font.bold = is_on(),
            "i" => font.italic = is_on(),
            // Black is what text is anyway, and on a mark of ours it would hide the colour.
            "color" => font.colour = palette.colour(element).filter(|it| *it != 0),
            _ => {}
        }
    }

    fn note_fill(&mut self, name: &str, element: &BytesStart<'_>, palette: &Palette) {
        match name {
            "fill" => {
                self.fills.push(None);
                self.solid = false;
            }
            "patternFill" => {
                self.solid = attribute(element, "patternType").as_deref() == Some("solid");
            }
            "fgColor" if self.solid => {
                if let Some(fill) = self.fills.last_mut() {
                    *fill = palette.colour(element).filter(|it| *it != 0x00FF_FFFF);
                }
            }
            _ => {}
        }
    }

    /// Whether a style of cells shows a date, and how it looks.
    fn look(&self, element: &BytesStart<'_>) -> (bool, CellLook) {
        let number = |name| attribute(element, name).and_then(|it| it.parse::<usize>().ok());
        let id = number("numFmtId").and_then(|id| u32::try_from(id).ok());
        let id = id.unwrap_or(0);
        let builtin = matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58);
        let font = number("fontId").and_then(|it| self.fonts.get(it));
        let look = CellLook {
            number: match (self.codes.get(&id), u8::try_from(id)) {
                (Some(code), _) => NumberForm::Code(code.clone()),
                (None, Ok(index @ 1..=58)) => NumberForm::Index(index),
                _ => NumberForm::General,
            },
            fill: number("fillId").and_then(|it| self.fills.get(it).copied().flatten()),
            ..font.cloned().unwrap_or_default()
        };
        (builtin || self.dates.contains(&id), look)
    }

    fn longest(&self) -> usize {
        let formats = self.codes.len().max(self.dates.len());
        formats.max(self.fonts.len()).max(self.fills.len())
    }
}

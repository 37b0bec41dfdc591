//! Which row of a sheet holds the titles, and which column is which. Titles are recognised tolerantly;
//! one that is nearly a known one is told, for a mistyped discount must not be lost.

use chaski_core::fold;

use super::columns::{CellKind, InvoiceColumn, WITH_IGV, WITHOUT_IGV};
use crate::sheets::{Cell, Row};

/// How many filled rows are searched for the titles: people put the company and a heading above them.
const SEARCHED_ROWS: usize = 30;

/// Titles of what the check adds. A reviewed workbook that comes back loses them, and gets new ones.
pub(super) const OURS: [&str; 7] = [
    "estado",
    "comprobante",
    "total_gravada",
    "total_igv",
    "total",
    "enlace_pdf",
    "hallazgos",
];

/// What is put behind a title of ours that the caller has already.
const OURS_SUFFIX: &str = "_chaski";

/// Where the columns of a sheet are.
#[derive(Debug, Clone, Default)]
pub(super) struct SheetTitles {
    /// Number of the row of titles.
    pub(super) row: u32,
    /// Its index among the rows.
    pub(super) index: usize,
    /// By column of the sheet, the index of what it is among the columns of the form.
    pub(super) columns: Vec<Option<usize>>,
    /// What the title of the price says of IGV.
    pub(super) con_igv: Option<bool>,
    /// Titles that are not known and nearly are: the column, and the title that was meant.
    pub(super) mistyped: Vec<(usize, &'static str)>,
}

/// Why the columns are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TitleFault {
    /// No row names at least three columns.
    None,
    /// Two columns are the same.
    Twice(&'static str, usize, usize),
}

impl SheetTitles {
    /// Finds the row that names most columns.
    pub(super) fn find(
        rows: &[Row],
        form: &'static [InvoiceColumn],
        fewest: usize,
    ) -> Result<SheetTitles, TitleFault> {
        let named = |row: &Row| {
            row.cells
                .iter()
                .filter(|it| meant(it, form).is_some())
                .count()
        };
        let searched = rows.iter().take(SEARCHED_ROWS).enumerate();
        let best = searched
            .map(|(index, row)| (named(row), std::cmp::Reverse(index)))
            .max();
        let Some((_, std::cmp::Reverse(index))) = best.filter(|(count, _)| *count >= fewest) else {
            return Err(TitleFault::None);
        };
        let mut titles = SheetTitles {
            row: rows[index].number,
            index,
            ..SheetTitles::default()
        };
        titles.assign(&rows[index], form)?;
        titles.look_for_mistyped(&rows[index], form);
        Ok(titles)
    }

    fn assign(&mut self, row: &Row, form: &'static [InvoiceColumn]) -> Result<(), TitleFault> {
        self.columns = vec![None; row.cells.len()];
        // A title of ours wins over other words for the same.
        let exact =
            |cell: &Cell, name: &str| matches!(cell, Cell::Text(text) if fold(text) == fold(name));
        for (id, column) in form.iter().enumerate() {
            let meant_by = |(place, cell): (usize, &Cell)| {
                (meant(cell, form).map(|it| it.0) == Some(id)).then_some(place)
            };
            let places: Vec<usize> = row.cells.iter().enumerate().filter_map(meant_by).collect();
            let named: Vec<usize> = places
                .iter()
                .copied()
                .filter(|place| exact(row.cell(*place), column.name))
                .collect();
            match (places.as_slice(), named.as_slice()) {
                ([], _) => {}
                ([one], _) | (_, [one]) => self.columns[*one] = Some(id),
                // A column of RUCs and one of DNIs: a row fills one of them.
                (several, _) if column.kind == CellKind::Identity => {
                    for place in several {
                        self.columns[*place] = Some(id);
                    }
                }
                ([first, second, ..], _) => {
                    return Err(TitleFault::Twice(column.name, *first, *second));
                }
            }
        }
        let mut known = self.columns.iter().zip(&*row.cells);
        self.con_igv = known.find_map(|(id, cell)| id.and_then(|_| meant(cell, form)?.1));
        Ok(())
    }

    fn look_for_mistyped(&mut self, row: &Row, form: &'static [InvoiceColumn]) {
        for (place, cell) in row.cells.iter().enumerate() {
            let Cell::Text(text) = cell else { continue };
            let title = folded(text);
            if self.columns[place].is_some() || title.len() < 6 || is_ours(text) {
                continue;
            }
            let mut near = form
                .iter()
                .enumerate()
                .filter(|(id, _)| self.place(*id).is_none());
            let near = near.find(|(_, column)| {
                let mut names = column.titles().filter(|it| it.len() >= 6);
                let close = |name: &str| strsim::osa_distance(&title, name) <= 2;
                let own = fold(column.name);
                (own.len() >= 6 && close(&own)) || names.any(close)
            });
            if let Some((_, column)) = near {
                self.mistyped.push((place, column.name));
            }
        }
    }

    /// The first column of the sheet that is that one of the form.
    pub(super) fn place(&self, id: usize) -> Option<usize> {
        self.columns.iter().position(|it| *it == Some(id))
    }
}

/// How many columns of a sheet are the caller's: an earlier check may have added `ours` behind them.
pub(super) fn own_width(titles: &Row, ours: &[&str]) -> usize {
    let width = titles.cells.len();
    let start = width.saturating_sub(ours.len());
    let is_title = |(place, name): (usize, &&str)| {
        let Cell::Text(text) = titles.cell(place) else {
            return false;
        };
        text.strip_suffix(OURS_SUFFIX).unwrap_or(text) == *name
    };
    if width > ours.len() && (start..).zip(ours).all(is_title) {
        start
    } else {
        width
    }
}

/// Titles of ours beside those of the caller, who may have a `total` of their own.
pub(super) fn our_titles(theirs: &Row, ours: &[&str]) -> Vec<String> {
    let is_theirs = |name: &str| {
        let mut cells = theirs.cells.iter();
        cells.any(|it| matches!(it, Cell::Text(text) if fold(text) == fold(name)))
    };
    let free = |name: &&str| {
        let suffix = if is_theirs(name) { OURS_SUFFIX } else { "" };
        format!("{name}{suffix}")
    };
    ours.iter().map(free).collect()
}

fn is_ours(text: &str) -> bool {
    let text = text.trim();
    OURS.contains(&text.strip_suffix(OURS_SUFFIX).unwrap_or(text))
}

/// What a title means: a column of the form, and what it says of IGV.
fn meant(cell: &Cell, form: &'static [InvoiceColumn]) -> Option<(usize, Option<bool>)> {
    let Cell::Text(text) = cell else { return None };
    if text.chars().count() > 60 || is_ours(text) {
        return None;
    }
    let title = folded(text);
    let known = |title: &str| {
        let mut all = form.iter();
        all.position(|it| fold(it.name) == title || it.titles().any(|other| other == title))
    };
    let price = |title: &str| {
        let con_igv = if WITH_IGV.contains(&title) {
            true
        } else if WITHOUT_IGV.contains(&title) {
            false
        } else {
            return None;
        };
        let precio = form.iter().position(|it| it.name == "precio")?;
        Some((precio, Some(con_igv)))
    };
    let find = |title: &str| price(title).or_else(|| Some((known(title)?, None)));
    find(&title).or_else(|| {
        // `Precio S/`, `Importe (US$)`.
        let bare = [" S", " SOLES", " PEN", " US", " USD", " DOLARES"]
            .into_iter()
            .find_map(|it| title.strip_suffix(it))?;
        find(bare)
    })
}

/// A title as titles are compared: `N° de pedido` is `N DE PEDIDO`, `Descuento %` is no amount.
fn folded(text: &str) -> String {
    let text = text.trim().trim_end_matches(['*', ':']);
    fold(&text.replace('%', " porcentaje ").replace(['º', 'ª'], " "))
}

#[cfg(test)]
mod tests {
    use super::super::columns::COLUMNS;
    use super::*;

    #[track_caller]
    fn check(title: &str, expected: Option<(&str, Option<bool>)>) {
        let found = meant(&Cell::text(title), &COLUMNS);
        assert_eq!(
            found.map(|(id, igv)| (COLUMNS[id].name, igv)),
            expected,
            "{title}"
        );
    }

    #[test]
    fn titles_are_known_as_people_write_them() {
        check("cliente_numero", Some(("cliente_numero", None)));
        check("R.U.C. / D.N.I.", None);
        check("RUC/DNI", Some(("cliente_numero", None)));
        check("Razón Social", Some(("cliente_nombre", None)));
        check("N° Pedido", Some(("documento", None)));
        check("Nº PEDIDO *", Some(("documento", None)));
        check("Descuento", Some(("descuento", None)));
        check("Descuento %", Some(("descuento_porcentaje", None)));
        check("% Descuento", Some(("descuento_porcentaje", None)));
        check("Precio (S/)", Some(("precio", None)));
        check("P. Unit. con IGV", Some(("precio", Some(true))));
        check("Valor unitario", Some(("precio", Some(false))));
        check("Vendedor", None);
        check("total", None);
        check("estado", None);
    }
}

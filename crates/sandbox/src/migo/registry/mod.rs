//! The invented registry: who has a RUC or a DNI, worked out from the seed and the number alone.

mod address;
mod fixed;
mod words;

use std::borrow::Cow;

use chaski_core::{Ruc, RucKind};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::draw::{Draw, Topic};
pub(crate) use address::Address;
pub(crate) use fixed::{is_fixed, is_good_taxpayer, is_withholding_agent};
pub(crate) use words::{ACTIVITIES, CHARGES};
use words::{BRANDS, GIVEN_NAMES, LEGAL_FORMS, STANDINGS, SURNAMES, TRADES};

/// Text that is mostly taken from a list.
pub(crate) type Text = Cow<'static, str>;

/// The registry's word for "no value".
pub(crate) const ABSENT: &str = "-";

/// What the registry knows of a RUC.
#[derive(Debug)]
pub(crate) struct Taxpayer {
    pub(crate) name: Text,
    pub(crate) estado: &'static str,
    pub(crate) condicion: &'static str,
    pub(crate) address: Address,
    pub(crate) updated: Updated,
}

/// When the service last touched a row. The registry is published every day, so most rows are a
/// few days old whenever the sandbox runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Updated {
    /// At this very time.
    At(&'static str),
    /// Days before today, and the hour, minute and second.
    DaysAgo(i64, [i64; 3]),
}

impl Updated {
    /// As the service writes it, Lima time.
    pub(crate) fn text(self, today: Date) -> Text {
        match self {
            Updated::At(text) => text.into(),
            Updated::DaysAgo(days, [hour, minute, second]) => {
                let day = today.saturating_sub(days.days());
                format!("{day} {hour:02}:{minute:02}:{second:02}").into()
            }
        }
    }
}

/// Who has this RUC; none when its check digit is wrong.
pub(crate) fn find_taxpayer(seed: u64, digits: &str) -> Option<Taxpayer> {
    let ruc: Ruc = digits.parse().ok()?;
    if let Some(known) = fixed::find(ruc.as_str()) {
        return known.taxpayer(ruc);
    }
    let mut draw = Draw::new(seed, Topic::Taxpayer, number(ruc.as_str()));
    let (estado, condicion) = standing(&mut draw)?;
    let name = match ruc.kind() {
        RucKind::LegalEntity => company_name(&mut draw),
        _ => natural_name(seed, ruc).into(),
    };
    let address = match ruc.kind() {
        RucKind::LegalEntity if !draw.chance(5) => Address::of_company(seed, ruc),
        _ => Address::absent(&mut draw),
    };
    Some(Taxpayer {
        name,
        estado,
        condicion,
        address,
        updated: updated(&mut draw),
    })
}

/// The name of a DNI's owner: surnames first, one upper-case text.
pub(crate) fn find_person(seed: u64, dni: &str) -> Option<Text> {
    if let Some(known) = fixed::find_person(dni) {
        return known.name.map(Text::from);
    }
    let mut draw = Draw::new(seed, Topic::Person, number(dni));
    (!draw.chance(30)).then(|| person_name(&mut draw).into())
}

pub(crate) fn number(digits: &str) -> u64 {
    digits.bytes().fold(0, |sum, digit| {
        sum.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf))
    })
}

/// An invented person: *paterno materno nombres*.
pub(crate) fn person_name(draw: &mut Draw) -> String {
    let mut name = String::with_capacity(48);
    for list in [&SURNAMES, &SURNAMES, &GIVEN_NAMES] {
        name.push_str(draw.pick(list));
        name.push(' ');
    }
    if draw.chance(700) {
        name.push_str(draw.pick(&GIVEN_NAMES));
    } else {
        name.pop();
    }
    name
}

fn standing(draw: &mut Draw) -> Option<(&'static str, &'static str)> {
    let mut roll = draw.below(1000);
    for (share, estado, condicion) in STANDINGS {
        if roll < share {
            return Some((estado, condicion));
        }
        roll -= share;
    }
    None
}

/// A RUC 10 has the name of its DNI's owner, whether or not the DNI service finds them.
fn natural_name(seed: u64, ruc: Ruc) -> String {
    let subject = ruc
        .dni()
        .map_or_else(|| number(ruc.as_str()), |dni| number(dni.as_str()));
    let mut draw = Draw::new(seed, Topic::Person, subject);
    draw.chance(30);
    person_name(&mut draw)
}

fn company_name(draw: &mut Draw) -> Text {
    let mut name = String::with_capacity(64);
    name.push_str(draw.pick(&TRADES));
    // What the registry really holds: doubled and trailing blanks, quotes, ampersands.
    name.push_str(if draw.chance(40) { "  " } else { " " });
    name.push_str(draw.pick(&BRANDS));
    if draw.chance(300) {
        name.push_str(if draw.chance(200) { " & " } else { " " });
        name.push_str(draw.pick(&BRANDS));
    }
    if draw.chance(10) {
        name.push_str(" \"EL Ñ°1\"");
    }
    name.push(' ');
    let mut roll = draw.below(100);
    for (share, form) in LEGAL_FORMS {
        if roll < share {
            name.push_str(form);
            break;
        }
        roll -= share;
    }
    if draw.chance(20) {
        name.push(' ');
    }
    name.into()
}

/// Three rows in a hundred have not been touched for more than a year.
fn updated(draw: &mut Draw) -> Updated {
    let days = if draw.chance(30) {
        draw.between(370, 900)
    } else {
        draw.between(1, 20)
    };
    let time = [
        draw.between(6, 22),
        draw.between(0, 59),
        draw.between(0, 59),
    ];
    Updated::DaysAgo(days, time)
}

//! What is remembered, in memory or in a folder that several processes share.

use std::io;

use super::book::{Book, Page};
use super::config::NubefactConfig;
use super::entry::NubefactEntry;
use super::state::Remembered;

pub(super) struct Store {
    book: Option<Book>,
    remembered: Remembered,
    entries: Vec<NubefactEntry>,
}

impl Store {
    pub(super) fn open(config: &NubefactConfig) -> io::Result<Store> {
        let book = config.folder.as_deref();
        let mut store = Store {
            book: book
                .map(|folder| Book::open(folder, config.seal.clone()))
                .transpose()?,
            remembered: Remembered::default(),
            entries: Vec::new(),
        };
        store.refresh()?;
        Ok(store)
    }

    pub(super) fn entries(&self) -> &[NubefactEntry] {
        &self.entries
    }

    pub(super) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// Takes up what other processes wrote.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        self.transact(|_| ((), None))
    }

    /// One decision over what all processes know: what it changes is on the disk before it is
    /// told. An error leaves everything as it was.
    pub(super) fn transact<T>(
        &mut self,
        decide: impl FnOnce(&Remembered) -> (T, Option<Page>),
    ) -> io::Result<T> {
        let Store {
            book,
            remembered,
            entries,
        } = self;
        let Some(book) = book else {
            let (told, page) = decide(remembered);
            if let Some(page) = page {
                take_up(remembered, entries, numbered(page, entries));
            }
            return Ok(told);
        };
        book.with_lock(|book| {
            let news = if let Some(pages) = book.news()? {
                pages
            } else {
                *remembered = Remembered::default();
                entries.clear();
                book.news()?.unwrap_or_default()
            };
            for page in news {
                take_up(remembered, entries, page);
            }
            let (told, page) = decide(remembered);
            if let Some(page) = page {
                let page = numbered(page, entries);
                book.append(&page)?;
                take_up(remembered, entries, page);
            }
            Ok(told)
        })
    }
}

fn numbered(mut page: Page, entries: &[NubefactEntry]) -> Page {
    if let Some(entry) = &mut page.entry {
        entry.sequence = entries.last().map_or(0, |last| last.sequence) + 1;
    }
    page
}

fn take_up(remembered: &mut Remembered, entries: &mut Vec<NubefactEntry>, page: Page) {
    for change in page.changes {
        remembered.apply(change);
    }
    entries.extend(page.entry);
}

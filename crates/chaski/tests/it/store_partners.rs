//! Partners at rest: saving and finding them, what checks do to them, their history, and what
//! the folder's bytes tell of persons.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chaski::partners::{
    Document, DocumentType, Partner, PartnerFields, SunatAnswer, SunatCheck, SunatState,
};
use chaski::store::{
    ChangeFilter, ChangeRow, Company, Due, NewPartner, PartnerFilter, PartnerFitness, Saved, Store,
};
use chaski_client::Ledger;
use chaski_core::{Address, Condicion, Estado, Ruc, RucRules, Taxpayer};
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::{minute, open};
use crate::store_conformance::on_each_backend;

/// Later than all that happens.
const NOW: Timestamp = Timestamp::MAX;

const ONE: &str = "20100070970";
const TWO: &str = "20131312955";
const PERSON: &str = "10481516230";
const DNI: &str = "48151623";
const NAME: &str = "CANARIO DE PRUEBA";

pub(crate) fn document(number: &str) -> Document {
    Document::parse(None, number, &RucRules::default()).unwrap()
}

/// Fields as `name=…;phone=…`; nothing after `=` is an empty text.
fn fields(text: &str) -> PartnerFields {
    let mut fields = PartnerFields::default();
    for (name, value) in text.split(';').filter_map(|it| it.split_once('=')) {
        assert!(fields.set_text(name, value) || fields.set_flag(name, value == "true"));
    }
    fields
}

fn new(id: u128, number: &str, text: &str) -> NewPartner {
    NewPartner {
        id: Uuid::from_u128(id),
        document: document(number),
        fields: fields(text),
    }
}

pub(crate) fn found(ruc: &str, minutes: i64, estado: &str, condicion: &str) -> SunatCheck {
    let ruc: Ruc = ruc.parse().unwrap();
    let mut taxpayer = Taxpayer::new(ruc, format!("{NAME} EN SUNAT"));
    taxpayer.estado = Estado::parse(estado);
    taxpayer.condicion = Condicion::parse(condicion);
    taxpayer.address = Address {
        direccion_simple: Some("AV. DE PRUEBA 123".into()),
        ..Address::default()
    };
    let said = SunatAnswer::Found {
        taxpayer: Arc::new(taxpayer),
        at: minute(minutes),
    };
    let now = NOW;
    SunatCheck { ruc, said, now }
}

fn not_found(ruc: &str, minutes: i64) -> SunatCheck {
    let said = SunatAnswer::NotFound {
        at: minute(minutes),
        remembered: false,
    };
    let ruc = ruc.parse().unwrap();
    let now = NOW;
    SunatCheck { ruc, said, now }
}

fn failed(ruc: &str, minutes: i64) -> SunatCheck {
    let said = SunatAnswer::Failed {
        why: "el proveedor no está disponible".into(),
        at: minute(minutes),
    };
    let ruc = ruc.parse().unwrap();
    let now = NOW;
    SunatCheck { ruc, said, now }
}

async fn numbers(store: &Store, filter: PartnerFilter) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .partners(Company::HOUSE, &filter, 2, cursor)
            .await
            .unwrap();
        assert!(page.rows.len() <= 2);
        let number = |partner: &Partner| partner.document.number().to_owned();
        numbers.extend(page.rows.iter().map(number));
        cursor = page.next;
        if cursor.is_none() {
            return numbers;
        }
    }
}

async fn changes(store: &Store, filter: ChangeFilter) -> Vec<String> {
    let page = store
        .partner_changes(Company::HOUSE, &filter, 100, None)
        .await
        .unwrap();
    let line = |row: &ChangeRow| {
        let change = &row.change;
        let minutes = (row.at.as_second() - minute(0).as_second()) / 60;
        format!(
            "{minutes} {} {}>{} {}>{} {:?}",
            row.partner.document.number(),
            change.state[0].as_str(),
            change.state[1].as_str(),
            change.condition[0].as_str(),
            change.condition[1].as_str(),
            change.fit,
        )
    };
    page.rows.iter().map(line).collect()
}

#[tokio::test]
async fn a_partner_is_saved_changed_and_deleted() {
    on_each_backend(async |store| {
        let id = Uuid::from_u128(1);
        let made = new(1, ONE, "name=UNO;phone=1;supplier=true");
        assert!(
            store
                .create_partner(Company::HOUSE, made.clone(), minute(0), None)
                .await
                .unwrap()
        );
        // One document, one partner.
        let again = NewPartner {
            id: Uuid::from_u128(2),
            ..made
        };
        assert!(
            !store
                .create_partner(Company::HOUSE, again, minute(1), None)
                .await
                .unwrap()
        );
        let partner = store
            .partner_with(Company::HOUSE, &document(ONE))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((partner.id, partner.created_at), (id, minute(0)));
        assert_eq!(partner.sunat.state, SunatState::NoVerificado);
        assert_eq!(partner.sunat.valid, None);

        let change = fields("phone=;mobile=9;customer=true");
        let changed = store
            .update_partner(Company::HOUSE, id, change, minute(2))
            .await
            .unwrap();
        let expected = fields("name=UNO;mobile=9;supplier=true;customer=true;is_active=true");
        assert_eq!(changed.as_ref().unwrap().fields, expected);
        let kept = store.partner(Company::HOUSE, id).await.unwrap().unwrap();
        assert_eq!(Some(&kept), changed.as_ref());
        assert_eq!((kept.created_at, kept.updated_at), (minute(0), minute(2)));
        // What changes nothing is no change.
        let change = fields("mobile=9");
        store
            .update_partner(Company::HOUSE, id, change, minute(3))
            .await
            .unwrap();
        let kept = store.partner(Company::HOUSE, id).await.unwrap().unwrap();
        assert_eq!(kept.updated_at, minute(2));

        let unknown = Uuid::from_u128(9);
        let change =
            store.update_partner(Company::HOUSE, unknown, PartnerFields::default(), minute(3));
        assert_eq!(change.await.unwrap(), None);
        assert!(store.delete_partner(Company::HOUSE, id).await.unwrap());
        assert!(!store.delete_partner(Company::HOUSE, id).await.unwrap());
        assert_eq!(store.partner(Company::HOUSE, id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn one_number_may_be_of_two_kinds() {
    on_each_backend(async |store| {
        let passport = NewPartner {
            document: Document::parse(Some(DocumentType::Pasaporte), DNI, &RucRules::default())
                .unwrap(),
            ..new(1, ONE, "name=A")
        };
        let saved = store
            .save_partners(
                Company::HOUSE,
                vec![passport, new(2, DNI, "name=B")],
                minute(0),
            )
            .await
            .unwrap();
        assert_eq!(saved.created, 2);
        let partner = store
            .partner_with(Company::HOUSE, &document(DNI))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(partner.fields.name.as_deref(), Some("B"));
    })
    .await;
}

#[tokio::test]
async fn a_list_changes_what_it_brings_and_blanks_nothing() {
    on_each_backend(async |store| {
        let list = vec![
            new(1, ONE, "name=UNO;email=a@b.pe"),
            new(2, PERSON, "name=PERSONA"),
            new(3, ONE, "phone=7"),
        ];
        let saved = store
            .save_partners(Company::HOUSE, list.clone(), minute(0))
            .await
            .unwrap();
        let expected = Saved {
            created: 2,
            ..Saved::default()
        };
        assert_eq!(saved, expected);
        let again = store
            .save_partners(Company::HOUSE, list, minute(1))
            .await
            .unwrap();
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
        let list = vec![new(4, ONE, "name=UNO SA"), new(5, TWO, "name=DOS")];
        let saved = store
            .save_partners(Company::HOUSE, list, minute(2))
            .await
            .unwrap();
        assert_eq!((saved.created, saved.updated, saved.unchanged), (1, 1, 0));
        let partner = store
            .partner_with(Company::HOUSE, &document(ONE))
            .await
            .unwrap()
            .unwrap();
        let expected = fields("name=UNO SA;email=a@b.pe;phone=7;is_active=true");
        assert_eq!((partner.id, partner.fields), (Uuid::from_u128(1), expected));
    })
    .await;
}

#[tokio::test]
async fn partners_are_found_by_what_is_asked() {
    on_each_backend(async |store| {
        let list = vec![
            new(1, ONE, "name=Peruana de Aviación S.A."),
            new(2, TWO, "name=Dos;is_active=false"),
            new(3, PERSON, "name=Aviación Persona"),
            new(4, DNI, "name=Otra"),
        ];
        store
            .save_partners(Company::HOUSE, list, minute(0))
            .await
            .unwrap();
        let checks = vec![
            found(ONE, 1, "ACTIVO", "HABIDO"),
            found(TWO, 1, "BAJA DE OFICIO", "NO HABIDO"),
        ];
        store.note_checks(None, checks).await.unwrap();
        let check = async |filter: PartnerFilter, expected: &[&str]| {
            assert_eq!(numbers(store, filter.clone()).await, expected, "{filter:?}");
        };
        let of = PartnerFilter::default;
        let fitness = |it| PartnerFilter {
            fitness: Some(it),
            ..of()
        };
        let text = |it: &str| PartnerFilter {
            text: Some(it.to_owned()),
            ..of()
        };
        check(of(), &[DNI, PERSON, TWO, ONE]).await;
        check(fitness(PartnerFitness::Fit), &[ONE]).await;
        check(fitness(PartnerFitness::Unfit), &[TWO]).await;
        check(fitness(PartnerFitness::NeverChecked), &[PERSON]).await;
        // Names of legal entities only, the one at SUNAT too; any number, if it is whole.
        check(text("aviacion"), &[ONE]).await;
        check(text("canario de"), &[TWO, ONE]).await;
        check(text("%"), &[]).await;
        check(text("***"), &[]).await;
        check(text("2010007-0970"), &[ONE]).await;
        check(text(DNI), &[DNI]).await;
        check(text("4815162"), &[]).await;
        let active = PartnerFilter {
            active: Some(true),
            document_type: Some(DocumentType::Ruc),
            ..of()
        };
        check(active, &[PERSON, ONE]).await;
    })
    .await;
}

#[tokio::test]
async fn those_never_checked_come_first_and_then_the_oldest() {
    on_each_backend(async |store| {
        let all = ["20100038146", ONE, TWO, PERSON, DNI];
        let list = (1..).zip(all).map(|(id, it)| new(id, it, "name=X"));
        store
            .save_partners(Company::HOUSE, list.collect(), minute(0))
            .await
            .unwrap();
        let unused = fields("is_active=false");
        let id = Uuid::from_u128(1);
        store
            .update_partner(Company::HOUSE, id, unused, minute(0))
            .await
            .unwrap();
        let checks = vec![found(ONE, 9, "ACTIVO", "HABIDO"), not_found(TWO, 5)];
        store.note_checks(None, checks).await.unwrap();
        let check = async |due: Due, expected: &[&str]| {
            let targets = store.partners_due(Company::HOUSE, due, NOW).await.unwrap();
            let rucs: Vec<&str> = targets.iter().map(Ruc::as_str).collect();
            assert_eq!(rucs, expected, "{due:?}");
        };
        check(Due::All, &[PERSON, TWO, ONE]).await;
        check(Due::NeverChecked, &[PERSON]).await;
        check(Due::Most(2), &[PERSON, TWO]).await;
        check(Due::Most(0), &[]).await;
    })
    .await;
}

#[tokio::test]
async fn checks_change_partners_and_are_told_apart() {
    on_each_backend(async |store| {
        let list = vec![new(1, ONE, "name=UNO"), new(2, PERSON, "name=PERSONA")];
        store
            .save_partners(Company::HOUSE, list, minute(0))
            .await
            .unwrap();
        let note = async |checks: Vec<SunatCheck>| {
            let noted = store.note_checks(None, checks).await.unwrap();
            let known = (noted.partners, noted.written);
            (known, noted.changed, noted.lost_fitness)
        };
        // The first sight is no change, and who is no partner is passed over.
        let first = vec![
            found(ONE, 0, "ACTIVO", "HABIDO"),
            found(PERSON, 0, "ACTIVO", "HABIDO"),
            found(TWO, 0, "ACTIVO", "HABIDO"),
        ];
        assert_eq!(note(first.clone()).await, ((2, 2), 0, 0));
        assert_eq!(note(first).await, ((2, 0), 0, 0));
        // A failure leaves the verdict as it is.
        assert_eq!(note(vec![failed(ONE, 1)]).await, ((1, 1), 0, 0));
        let partner = store
            .partner_with(Company::HOUSE, &document(ONE))
            .await
            .unwrap()
            .unwrap();
        let sunat = &partner.sunat;
        assert_eq!((sunat.valid, sunat.fit), (Some(true), Some(true)));
        assert_eq!(sunat.last_check, Some(minute(0)));
        assert_eq!(sunat.address.as_deref(), Some("AV. DE PRUEBA 123"));
        assert_eq!(sunat.comment.as_ref().unwrap().lines().count(), 2);
        // Several in one group, also about one number.
        let several = vec![
            found(ONE, 10, "ACTIVO", "NO HALLADO"),
            found(PERSON, 10, "SUSPENSION TEMPORAL", "HABIDO"),
            found(ONE, 11, "BAJA DEFINITIVA", "NO HALLADO"),
        ];
        assert_eq!(note(several).await, ((3, 2), 3, 2));
        assert_eq!(note(vec![not_found(ONE, 20)]).await, ((1, 1), 1, 0));
        assert_eq!(
            note(vec![found(ONE, 30, "ACTIVO", "HABIDO")]).await,
            ((1, 1), 1, 0)
        );
        let all = [
            "30 20100070970 NO_VERIFICADO>ACTIVO NO_VERIFICADO>HABIDO [false, true]",
            "20 20100070970 BAJA>NO_VERIFICADO NO_HALLADO>NO_VERIFICADO [false, false]",
            "11 20100070970 ACTIVO>BAJA NO_HALLADO>NO_HALLADO [false, false]",
            "10 20100070970 ACTIVO>ACTIVO HABIDO>NO_HALLADO [true, false]",
        ];
        let of_one = ChangeFilter {
            partner: Some(Uuid::from_u128(1)),
            ..ChangeFilter::default()
        };
        assert_eq!(changes(store, of_one).await, all);
        let ended = ChangeFilter {
            lost_fitness: true,
            ..ChangeFilter::default()
        };
        let mut found = changes(store, ended).await;
        found.sort();
        assert_eq!(
            found,
            [
                "10 10481516230 ACTIVO>SUSPENDIDO HABIDO>HABIDO [true, false]",
                all[3]
            ]
        );
        let between = ChangeFilter {
            since: Some(minute(11)),
            until: Some(minute(30)),
            ..ChangeFilter::default()
        };
        assert_eq!(changes(store, between).await, all[1..3]);
        // The history goes with the partner.
        store
            .delete_partner(Company::HOUSE, Uuid::from_u128(1))
            .await
            .unwrap();
        assert_eq!(changes(store, ChangeFilter::default()).await.len(), 1);
    })
    .await;
}

/// Two companies and the house have partners of the same numbers, and nothing else in common.
#[tokio::test]
async fn each_company_has_its_own() {
    on_each_backend(async |store| {
        let entity = store.company(&"20603274742".parse().unwrap());
        let person = store.company(&"10123456781".parse().unwrap());
        let all = [Company::HOUSE, entity, person];
        assert_eq!(entity, store.company(&"20603274742".parse().unwrap()));
        assert_ne!(entity, person);
        assert_eq!(format!("{person:?}"), "Company(Owner)", "masked");
        for (at, company) in all.into_iter().enumerate() {
            let at = at as u128 * 10;
            let list = vec![new(at + 1, ONE, "name=UNO"), new(at + 2, PERSON, "ref=x")];
            let saved = store.save_partners(company, list.clone(), minute(0)).await;
            assert_eq!(saved.unwrap().created, 2);
            let again = store.save_partners(company, list, minute(0)).await.unwrap();
            assert_eq!((again.created, again.unchanged), (0, 2));
        }
        let list = vec![new(30, TWO, "name=DOS")];
        store.save_partners(entity, list, minute(0)).await.unwrap();

        // Found, changed and deleted under its company only.
        let id = Uuid::from_u128(11);
        for company in [Company::HOUSE, person] {
            assert_eq!(store.partner(company, id).await.unwrap(), None);
            let changed = store.update_partner(company, id, fields("name=X"), minute(1));
            assert_eq!(changed.await.unwrap(), None);
            assert!(!store.delete_partner(company, id).await.unwrap());
            let two = store.partner_with(company, &document(TWO)).await.unwrap();
            assert_eq!(two, None);
        }
        let changed = store.update_partner(entity, id, fields("name=X"), minute(1));
        assert!(changed.await.unwrap().is_some());
        for (company, name) in [(Company::HOUSE, "UNO"), (entity, "X"), (person, "UNO")] {
            let known = store.partner_with(company, &document(ONE)).await.unwrap();
            assert_eq!(known.unwrap().fields.name.as_deref(), Some(name));
        }

        // Whom to ask about: of one company, and everywhere, each number once.
        let due = async |company| {
            let due = store.partners_due(company, Due::All, NOW).await.unwrap();
            due.iter()
                .map(|ruc| ruc.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(due(Company::HOUSE).await, [ONE, PERSON]);
        assert_eq!(due(entity).await, [ONE, PERSON, TWO]);
        let anywhere = async |most| {
            let due = store.partners_due_anywhere(most, NOW).await.unwrap();
            let one = |(ruc, house): &(Ruc, bool)| (ruc.as_str().to_owned(), *house);
            due.iter().map(one).collect::<Vec<_>>()
        };
        let of = |number: &str, house| (number.to_owned(), house);
        assert_eq!(
            anywhere(9).await,
            [of(ONE, true), of(PERSON, true), of(TWO, false)]
        );

        // What one learns, and what all learn.
        let noted = store.note_checks(Some(entity), vec![found(ONE, 1, "ACTIVO", "HABIDO")]);
        assert_eq!(noted.await.unwrap().written, 1);
        let checked = async |company| {
            let known = store.partner_with(company, &document(ONE)).await.unwrap();
            known.unwrap().sunat.last_check
        };
        assert_eq!(checked(Company::HOUSE).await, None);
        assert_eq!(checked(entity).await, Some(minute(1)));
        assert_eq!(checked(person).await, None);
        // As long as one of them has not been told, it is among the first.
        assert_eq!(anywhere(2).await, [of(ONE, true), of(PERSON, true)]);
        let both = vec![found(ONE, 2, "ACTIVO", "NO HABIDO"), not_found(PERSON, 2)];
        let noted = store.note_checks(None, both).await.unwrap();
        assert_eq!((noted.partners, noted.written, noted.changed), (6, 6, 1));
        for company in all {
            assert_eq!(checked(company).await, Some(minute(2)));
        }
        assert_eq!(anywhere(9).await[0], of(TWO, false));

        // The history of one is not that of another.
        let history = async |company, filter: ChangeFilter| {
            let page = store
                .partner_changes(company, &filter, 9, None)
                .await
                .unwrap();
            page.rows.len()
        };
        let named = || ChangeFilter {
            partner: Some(id),
            ..ChangeFilter::default()
        };
        assert_eq!(history(entity, ChangeFilter::default()).await, 1);
        assert_eq!(history(entity, named()).await, 1);
        for company in [Company::HOUSE, person] {
            assert_eq!(history(company, ChangeFilter::default()).await, 0);
            assert_eq!(history(company, named()).await, 0);
        }
        assert!(store.delete_partner(entity, id).await.unwrap());
        assert_eq!(checked(Company::HOUSE).await, Some(minute(2)));

        // A person's request is about all of them.
        let known = store.export_subject(PERSON).await.unwrap();
        assert_eq!(known.partners.len(), 3);
        assert_eq!(store.erase_subject(PERSON).await.unwrap().partners, 3);
        for company in all {
            let gone = store
                .partner_with(company, &document(PERSON))
                .await
                .unwrap();
            assert_eq!(gone, None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_changes_follows_another() {
    on_each_backend(async |store| {
        let made = new(1, ONE, "name=UNO");
        store
            .create_partner(Company::HOUSE, made, minute(0), None)
            .await
            .unwrap();
        for at in 0..6 {
            let condicion = if at % 2 == 0 { "HABIDO" } else { "NO HABIDO" };
            let check = found(ONE, at, "ACTIVO", condicion);
            store.note_checks(None, vec![check]).await.unwrap();
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store
                .partner_changes(Company::HOUSE, &ChangeFilter::default(), 2, cursor)
                .await
                .unwrap();
            seen.extend(page.rows.iter().map(|row| row.at));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1].map(minute));
    })
    .await;
}

/// Whether a file of the folder holds a text.
fn folder_holds(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        // A folder holds no text itself.
        let bytes = fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn no_byte_tells_a_person_and_a_person_can_be_erased() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let contact = "contacto@canario.pe";
    let secret = format!("name={NAME};email={contact}");
    let list = vec![
        new(1, PERSON, &secret),
        new(2, DNI, &secret),
        new(3, ONE, &format!("name=EMPRESA VISIBLE;email={contact}")),
    ];
    store
        .save_partners(Company::HOUSE, list, minute(0))
        .await
        .unwrap();
    // A row whose columns slipped has a piece of the name as its estado.
    let slipped = NAME;
    let checks = |at: i64, estado: &str| vec![found(PERSON, at, estado, "HABIDO")];
    store.note_checks(None, checks(0, "ACTIVO")).await.unwrap();
    store.note_checks(None, checks(1, slipped)).await.unwrap();
    store.flush().await.unwrap();
    assert!(folder_holds(dir.path(), ONE) && folder_holds(dir.path(), "EMPRESA VISIBLE"));
    for told in [PERSON, DNI, NAME, contact] {
        assert!(!folder_holds(dir.path(), told), "{told} rests in clear");
    }

    let known = store.export_subject(PERSON).await.unwrap();
    assert_eq!(known.partners.len(), 1);
    assert_eq!(known.partners[0].fields.name.as_deref(), Some(NAME));
    assert_eq!(known.partners[0].sunat.estado.as_deref(), Some(slipped));
    assert!(!format!("{known:?}").contains(NAME));
    let erased = store.erase_subject(PERSON).await.unwrap();
    assert_eq!(erased.partners, 1);
    assert_eq!(store.erase_subject(PERSON).await.unwrap().partners, 0);
    assert_eq!(store.erase_subject(DNI).await.unwrap().partners, 1);
    assert_eq!(changes(&store, ChangeFilter::default()).await.len(), 0);
    assert_eq!(numbers(&store, PartnerFilter::default()).await, [ONE]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn partners_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let list = vec![new(1, PERSON, "name=A"), new(2, ONE, "name=B")];
    store
        .save_partners(Company::HOUSE, list, minute(0))
        .await
        .unwrap();
    let check = found(PERSON, 0, "ACTIVO", "HABIDO");
    store.note_checks(None, vec![check]).await.unwrap();
    let before = store
        .partners(Company::HOUSE, &PartnerFilter::default(), 9, None)
        .await;
    store.close().await.unwrap();
    let store = open(dir.path()).await.unwrap();
    let after = store
        .partners(Company::HOUSE, &PartnerFilter::default(), 9, None)
        .await;
    assert_eq!(before.unwrap().rows, after.unwrap().rows);
    store.close().await.unwrap();
    // Sealed partners are personal data: another key does not pass for the right one.
    fs::write(dir.path().join(chaski::store::KEY_FILE), "0".repeat(64)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert_eq!(error.code(), "llave_incorrecta");
}

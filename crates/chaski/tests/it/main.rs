//! Integration tests.
#![expect(
    clippy::unwrap_used,
    reason = "the setting that allows it in tests does not reach their helper functions"
)]

mod cli_answers;
mod cli_backup;
mod cli_batches;
mod cli_config;
mod cli_cpe;
mod cli_failures;
mod cli_help;
mod cli_jobs;
mod cli_keys;
mod cli_kit;
mod cli_lists;
mod cli_lives;
mod cli_llaves;
mod cli_mistakes;
mod cli_partners;
mod cli_persons;
mod cli_postgres;
mod cli_privacy;
mod cli_retention;
mod cli_salud;
mod cli_serve;
mod cli_server;
mod cli_server_books;
mod cli_server_documents;
mod cli_server_errors;
mod cli_terminal;
mod clients;
mod clients_nubefact;
mod defects;
mod documented_invoices;
mod factura_bulk;
mod factura_excel;
mod factura_going_live;
mod factura_mistakes;
mod factura_once;
mod factura_story;
mod house;
mod http;
mod issuing;
mod issuing_watched;
mod jobs_batches;
mod jobs_queue;
mod monthly;
mod nubefact_agreement;
mod packaging;
mod partners;
mod promises;
mod sheets;
mod store;
mod store_conformance;
mod store_crash;
mod store_documents;
mod store_documents_kept;
mod store_documents_known;
mod store_once;
mod store_partners;
mod store_postgres;
mod store_privacy;
mod store_transfer;
mod tidy;

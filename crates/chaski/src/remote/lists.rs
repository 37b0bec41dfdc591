//! A list of documents put to a server: looked at, handed over, and what became of each.

use bytes::Bytes;
use chaski_core::Ruc;
use http::Method;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::batches::{Field, MOST_RESULT_BYTES, form};
use super::{Question, Server, ServerError, with_query};
use crate::api::batches::{BatchData, IssuedRowData};
use crate::api::checked_list::CheckedListData;

/// A list of documents and how it is meant.
#[derive(Clone)]
pub(crate) struct NewDocuments {
    /// Name of the file, without its folder.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Bytes,
    /// The company that issues, where it was said.
    pub(crate) empresa: Option<Ruc>,
    /// Issue what is right and set the rest aside.
    pub(crate) solo_buenos: bool,
    /// Look customers up.
    pub(crate) clientes: bool,
    /// The period that it is of.
    pub(crate) periodo: Option<String>,
}

impl NewDocuments {
    fn fields(&self) -> [Field; 5] {
        let yes = |it: bool| it.then(|| "true".to_owned());
        [
            ("clase", Some("comprobantes".to_owned())),
            ("empresa", self.empresa.map(|it| it.as_str().to_owned())),
            ("solo_buenos", yes(self.solo_buenos)),
            ("clientes", yes(self.clientes)),
            ("periodo", self.periodo.clone()),
        ]
    }
}

impl Server {
    /// What a list is, checked whole, and with `rehearse` what handing it over would come to.
    pub(crate) async fn look_at_list(
        &self,
        list: &NewDocuments,
        rehearse: bool,
    ) -> Result<CheckedListData, ServerError> {
        let body = self
            .check_list(list, ("ensayo", rehearse.then(|| "true".to_owned())))
            .await?;
        self.read(&body)
    }

    /// A list with what was found beside each row, as `xlsx` or `csv`.
    pub(crate) async fn reviewed_list(
        &self,
        list: &NewDocuments,
        format: &str,
    ) -> Result<Bytes, ServerError> {
        self.check_list(list, ("format", Some(format.to_owned())))
            .await
    }

    async fn check_list(
        &self,
        list: &NewDocuments,
        how: (&'static str, Option<String>),
    ) -> Result<Bytes, ServerError> {
        let target = with_query("/api/v1/lotes/validar", [how]);
        let (kind, form) = form(&list.fields(), &list.name, &list.bytes);
        let question = Question::of(Method::POST, target);
        let question = question.with_body(kind, form).slow();
        self.send(Question {
            most_bytes: MOST_RESULT_BYTES,
            ..question
        })
        .await
    }

    /// Hands a list over; it is issued from then on, whoever waits.
    pub(crate) async fn submit_documents(
        &self,
        list: &NewDocuments,
    ) -> Result<BatchData, ServerError> {
        self.hand_list_over(&list.fields(), &list.name, &list.bytes)
            .await
    }

    /// What became of each document of a list.
    pub(crate) async fn issued_rows(&self, id: Uuid) -> Result<Vec<IssuedRowData>, ServerError> {
        let body = self.batch_result(id, "ndjson").await?;
        let lines = body.split(|byte| *byte == b'\n');
        let lines = lines.filter(|it| !it.is_empty());
        lines.map(|line| self.read(line)).collect()
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, ServerError> {
        serde_json::from_slice(bytes).map_err(|_| self.other_version())
    }
}

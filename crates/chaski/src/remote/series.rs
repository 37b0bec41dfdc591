//! Series and companies of a server.

use chaski_client::NubefactKind;
use chaski_core::Ruc;
use http::Method;
use secrecy::ExposeSecret;

use super::{Question, Server, ServerError, with_query};
use crate::api::series::{
    IssuerData, IssuersData, NewIssuerSent, SeriesData, SeriesListData, SeriesWanted, TryWanted,
    WalkWanted, WalkedData, WalkedList,
};
use crate::app::issuers::NewIssuer;

const SERIES: &str = "/api/v1/series";
const COMPANIES: &str = "/api/v1/empresas";

impl Server {
    /// The series that are open.
    pub(crate) async fn series(
        &self,
        empresa: Option<&Ruc>,
    ) -> Result<Vec<SeriesData>, ServerError> {
        let empresa = [("empresa", empresa.map(|it| it.as_str().to_owned()))];
        let told: SeriesListData = self.ask(Question::get(with_query(SERIES, empresa))).await?;
        Ok(told.data)
    }

    /// Opens a series.
    pub(crate) async fn open_series(
        &self,
        serie: &str,
        kind: NubefactKind,
        last: u32,
        empresa: Option<&Ruc>,
    ) -> Result<SeriesData, ServerError> {
        let wanted = SeriesWanted {
            serie: serie.to_owned(),
            ultimo: last,
            tipo: Some(kind.word().to_owned()),
            empresa: empresa.map(|it| it.as_str().to_owned()),
        };
        self.done(Method::POST, SERIES, &wanted).await
    }

    /// Walks what was issued of a series, or of all that are open.
    pub(crate) async fn walk_series(
        &self,
        serie: Option<&str>,
        kind: Option<NubefactKind>,
        from: u32,
        empresa: Option<&Ruc>,
    ) -> Result<Vec<WalkedData>, ServerError> {
        let wanted = WalkWanted {
            serie: serie.map(str::to_owned),
            tipo: kind.map(|it| it.word().to_owned()),
            desde: from,
            empresa: empresa.map(|it| it.as_str().to_owned()),
        };
        let target = format!("{SERIES}/sincronizar");
        let told: WalkedList = self.done(Method::POST, &target, &wanted).await?;
        Ok(told.data)
    }

    /// The companies that issue.
    pub(crate) async fn companies(&self) -> Result<Vec<IssuerData>, ServerError> {
        let told: IssuersData = self.ask(Question::get(COMPANIES.to_owned())).await?;
        Ok(told.data)
    }

    /// Adds a company that issues. Its token travels in the body.
    pub(crate) async fn add_company(&self, new: &NewIssuer) -> Result<IssuerData, ServerError> {
        let wanted = NewIssuerSent {
            ruc: new.ruc.as_str(),
            ruta: &new.ruta,
            token: new.token.expose_secret(),
            forma: new.auth.as_str(),
            restaurante: new.restaurante,
        };
        self.done(Method::POST, COMPANIES, &wanted).await
    }

    /// Tries whether Nubefact takes the token of a company.
    pub(crate) async fn try_company(&self, ruc: Option<&Ruc>) -> Result<IssuerData, ServerError> {
        let wanted = TryWanted {
            ruc: ruc.map(|it| it.as_str().to_owned()),
        };
        self.done(Method::POST, &format!("{COMPANIES}/probar"), &wanted)
            .await
    }
}

//! One chunk of a list: questions of others are waited for, the rest goes out in one native batch call,
//! and what comes is put away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use super::singles::SingleCheck;
use super::{Asked, Group, Run, Word};
use crate::engine::{Claimed, LOOK_AGAIN};
use crate::flight::{Joined, Lead};
use crate::handful::ListTurn;
use crate::line::doubt::is_doubtful;
use crate::route;
use crate::window::WindowPlace;
use crate::{Decoded, Engine, Error, Failure, Key, Line, Lookup, Route, Routes};

impl<L: Lookup, R: Routes<L>> Run<L, R> {
    pub(super) async fn chunk(&self, chunk: Vec<Asked<L>>, place: WindowPlace) {
        // 1. Questions that another caller is asking are waited for, not asked again; one that
        //    landed since memory was looked at is in memory now.
        let since = self.engine.clock().now();
        let (mut mine, mut followed, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for one in chunk {
            let until = Instant::now() + self.engine.total_time(&one.question, &self.ask);
            match self.engine.flights().join(&one.key, &self.ask, until) {
                Joined::Follow(other) => followed.push((one, other)),
                Joined::Lead(lead) => match self.engine.hot_answer::<L>(&one.key, &self.ask) {
                    Some(outcome) => {
                        Engine::land::<L>(lead, &outcome);
                        self.record_hit(&one.key, &outcome).await;
                        known.push((one.position, outcome));
                    }
                    None => mine.push((one, lead)),
                },
            }
        }
        // 2. One call for all that are left, but for those that another process is asking.
        let (ours, elsewhere, learned) = self.claim(mine, since).await;
        known.extend(learned);
        if let Some((ours, _claimed)) = ours {
            self.together(ours, &place).await;
        } else {
            place.leave();
        }
        if !elsewhere.is_empty() {
            self.wait_for_others(elsewhere, &place, since).await;
        }
        drop(place);
        self.deliver(known).await;
        // 3. The others' answers.
        let waits = followed.into_iter().map(|(one, other)| async move {
            let outcome = self
                .engine
                .follow(&self.routes, &one.question, one.key, &self.ask, other)
                .await;
            (one.position, outcome)
        });
        self.deliver(join_all(waits).await).await;
    }

    /// Parts questions into those that are ours to ask, those that another process is asking, and the
    /// outcomes of those that one has asked meanwhile.
    pub(super) async fn claim(
        &self,
        mine: Vec<(Asked<L>, Lead)>,
        since: Timestamp,
    ) -> (
        Option<(Vec<(Asked<L>, Lead)>, Claimed)>,
        Vec<(Asked<L>, Lead)>,
        Group<L::Answer>,
    ) {
        if mine.is_empty() {
            return (None, Vec::new(), Vec::new());
        }
        let keys = mine.iter().map(|(one, _)| one.key.clone()).collect();
        let (claimed, ours) = self.engine.claim(keys).await;
        let Some(ours) = ours else {
            return (Some((mine, claimed)), Vec::new(), Vec::new());
        };
        let questions: Vec<_> = mine
            .iter()
            .map(|(one, _)| (&one.question, &one.key))
            .collect();
        let memory = self.engine.learned(&questions, &self.ask, since).await;
        let (mut to_ask, mut elsewhere, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for (((one, lead), learned), is_ours) in mine.into_iter().zip(memory).zip(ours) {
            if let Some(outcome) = learned {
                Engine::land::<L>(lead, &outcome);
                self.record_hit(&one.key, &outcome).await;
                known.push((one.position, outcome));
            } else if is_ours {
                to_ask.push((one, lead));
            } else {
                elsewhere.push((one, lead));
            }
        }
        let to_ask = (!to_ask.is_empty()).then_some((to_ask, claimed));
        (to_ask, elsewhere, known)
    }

    /// Takes the answers of another process as they come; what it lets go of without one is asked.
    pub(super) async fn wait_for_others(
        &self,
        mut open: Vec<(Asked<L>, Lead)>,
        place: &WindowPlace,
        since: Timestamp,
    ) {
        let total = self.engine.total_time(&open[0].0.question, &self.ask);
        let until = Instant::now() + total;
        while !open.is_empty() {
            if Instant::now() + LOOK_AGAIN >= until {
                let (asked, leads) = open.into_iter().unzip();
                let failure = Failure::DeadlineExceeded { retry_after: None };
                return self.fail(asked, leads, &failure, 0).await;
            }
            // Others may send meanwhile.
            place.leave();
            tokio::time::sleep(LOOK_AGAIN).await;
            let (ours, elsewhere, known) = self.claim(open, since).await;
            // Not waited for: leads are held.
            let run = self.clone();
            tokio::spawn(async move { run.deliver(known).await });
            if let Some((ours, _claimed)) = ours {
                place.come_back(&self.window).await;
                self.together(ours, place).await;
            }
            open = elsewhere;
        }
    }

    /// One call for questions that are ours to ask. Nothing is handed out while leads are held:
    /// their followers would wait for our listener.
    pub(super) async fn together(&self, ours: Vec<(Asked<L>, Lead)>, place: &WindowPlace) {
        let (asked, leads): (Vec<Asked<L>>, Vec<Lead>) = ours.into_iter().unzip();
        let turn = match self.handful.turn().await {
            _ if self.faith.is_denied() => {
                return self.fail(asked, leads, &Failure::Doubtful, 0).await;
            }
            Ok(turn) => turn,
            Err(failure) => return self.fail(asked, leads, &failure, 0).await,
        };
        let questions: Vec<L> = asked.iter().map(|one| one.question.clone()).collect();
        let answer = self
            .engine
            .fly_together(&self.routes, &questions, &self.ask, place)
            .await;
        // Questions that are left are asked singly, in a place of the window too. The turn is dropped
        // before waiting for a place: the holder of the place may be waiting for a turn.
        match answer {
            Ok((decoded, line)) => {
                drop(turn);
                self.take_in(asked, leads, (decoded, &line), place).await;
            }
            // The whole list refused or unreadable: one by one.
            Err((Failure::Rejected | Failure::Garbled, _)) => {
                drop(turn);
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            }
            // A plan or an address may lack the batch call and nothing else.
            Err((
                failure @ (Failure::Unauthorized | Failure::WrongPath | Failure::Redirected),
                attempts,
            )) => {
                self.find_out(asked, leads, (failure, attempts), (turn, place))
                    .await;
            }
            // Another upstream may answer, without a native batch call.
            Err((failure, _)) if failure.treatment().next_upstream && self.has_single_calls() => {
                drop(turn);
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            }
            Err((failure, attempts)) => self.fail(asked, leads, &failure, attempts).await,
        }
    }

    /// Whether one of the upstreams takes no native batch call of this list's size.
    pub(super) fn has_single_calls(&self) -> bool {
        let takes = |way: Route<'_, L>| way.dialect.many().is_some_and(|it| it.most() >= self.most);
        !route::all(&*self.routes).all(takes)
    }

    /// Remembers the chunk's answers in one go, hands them out, and asks singly for what the
    /// answer did not mention.
    pub(super) async fn take_in(
        &self,
        asked: Vec<Asked<L>>,
        leads: Vec<Lead>,
        (decoded, line): (Vec<Option<Decoded<L::Answer>>>, &Line),
        place: &WindowPlace,
    ) {
        let (mut said, mut missing, mut missing_leads) = (Vec::new(), Vec::new(), Vec::new());
        // A dialect that gives too few entries does not mention the rest.
        let decoded = decoded.into_iter().chain(std::iter::repeat_with(|| None));
        for ((one, lead), decoded) in asked.into_iter().zip(leads).zip(decoded) {
            if let Some(decoded) = decoded {
                said.push((one, lead, decoded));
            } else {
                missing.push(one);
                missing_leads.push(lead);
            }
        }
        if missing.is_empty() {
            place.leave();
        }
        self.engine.count_misses(said.len());
        let good = said.iter().find(|it| matches!(it.2, Decoded::Answer(_)));
        if let Some((one, ..)) = good {
            self.trust(line, one.key.operation);
        }
        let good = good.is_some();
        // Before anything is waited for: these are paid for, and the process may be killed.
        let group = self
            .put_away(line, said, good, &SingleCheck::default())
            .await;
        let rest = async {
            if !missing.is_empty() {
                place.come_back(&self.window).await;
                self.singly(missing, missing_leads).await;
            }
        };
        tokio::join!(self.deliver(group), rest);
    }

    /// Remembers answers in one go and lands their flights. Refusals without a good answer among
    /// them are doubted first, all at once.
    pub(super) async fn put_away(
        &self,
        line: &Line,
        said: Vec<Word<L>>,
        good: bool,
        check: &SingleCheck,
    ) -> Group<L::Answer> {
        let refused = said.iter().filter_map(|(one, _, decoded)| match decoded {
            Decoded::Refused { reason, .. } if is_doubtful(*reason) => Some(one.key.clone()),
            _ => None,
        });
        let refused: Vec<Key> = if good { Vec::new() } else { refused.collect() };
        let believed = self.believe(line, &refused, check).await;
        let mut entries = Vec::with_capacity(said.len());
        let mut done = Vec::with_capacity(said.len());
        for (one, lead, decoded) in said {
            let refused = (&decoded, &believed);
            let outcome = if let (Decoded::Refused { .. }, Err(failure)) = refused {
                let (question, failure) = (&one.question, failure.clone());
                self.engine
                    .fall_back(question, &one.key, &self.ask, failure)
                    .await
            } else {
                let (entry, outcome) = self.engine.digest(
                    &one.question,
                    &one.key,
                    line.provider(),
                    decoded,
                    &self.ask,
                );
                entries.push(entry);
                outcome
            };
            done.push((one.position, outcome, lead));
        }
        let kept = self.engine.remember(entries).await;
        if believed.is_ok() {
            self.engine.recant(line, &refused).await;
        }
        let land = |(position, outcome, lead)| {
            let outcome = match &kept {
                Ok(()) => outcome,
                Err(failure) => Err(Error::failed(failure.clone())),
            };
            Engine::land::<L>(lead, &outcome);
            (position, outcome)
        };
        done.into_iter().map(land).collect()
    }

    pub(super) async fn believe(
        &self,
        line: &Line,
        refused: &[Key],
        check: &SingleCheck,
    ) -> Result<(), Failure> {
        if refused.is_empty() {
            return Ok(());
        }
        let strict = !self.few.load(Ordering::Relaxed) && !self.faith.is_trusted(line);
        let believed = self
            .engine
            .believe(line, refused, &check.ask(&self.ask), strict)
            .await;
        self.faith.set(line, believed.is_ok());
        believed
    }

    pub(super) fn trust(&self, line: &Line, operation: &'static str) {
        self.faith.set(line, true);
        line.doubt().answered(operation);
    }

    /// Asks one singly: if that is answered, the rest too; if not, every number is going to fail. One
    /// of the list's chunks finds out, the others wait for it.
    pub(super) async fn find_out(
        &self,
        mut asked: Vec<Asked<L>>,
        mut leads: Vec<Lead>,
        (failure, attempts): (Failure, u32),
        (turn, place): (ListTurn<'_>, &WindowPlace),
    ) {
        let finding = self.handful.finding.lock().await;
        let (mut good, mut first) = (self.handful.is_good_singly(), Vec::new());
        if !good && self.handful.over().is_none() {
            let (rest, other_leads) = (asked.split_off(1), leads.split_off(1));
            for (one, lead) in asked.into_iter().zip(leads) {
                first.push(self.single(one, lead).await);
            }
            good = self.handful.is_good_singly();
            (asked, leads) = (rest, other_leads);
        }
        drop((finding, turn));
        let first = self.land_singles(first, &SingleCheck::default()).await;
        let others = async {
            if good {
                place.come_back(&self.window).await;
                self.singly(asked, leads).await;
            } else {
                let failure = self.handful.over().unwrap_or(failure);
                self.fail(asked, leads, &failure, attempts).await;
            }
        };
        tokio::join!(self.deliver(first), others);
    }

    /// The failure of a whole chunk, or what was known before of each.
    pub(super) async fn fail(
        &self,
        asked: Vec<Asked<L>>,
        leads: Vec<Lead>,
        failure: &Failure,
        attempts: u32,
    ) {
        self.engine.count_misses(asked.len());
        let mut group = Vec::with_capacity(asked.len());
        for (one, lead) in asked.into_iter().zip(leads) {
            let outcome = self
                .engine
                .fall_back(&one.question, &one.key, &self.ask, failure.clone())
                .await
                .map_err(|error| error.after(attempts, Duration::ZERO));
            Engine::land::<L>(lead, &outcome);
            group.push((one.position, outcome));
        }
        self.deliver(group).await;
    }
}

//! `Recorder`: notes for EXPLAIN which clauses a query that writes has, the plans that they read with, and what they did.

use std::collections::BTreeMap;
use std::mem::Discriminant;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use grism_core::{WriteCounts, with_stack};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::RuleChange;

use crate::{OperatorMetrics, TaskMetrics, add_metrics};

/// Where a plan of a query that writes may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadPlace {
    /// Wherever the snapshot can be read that the query began on: nothing is written yet.
    Anywhere,
    /// In the process that writes, which alone has the changes and the rows so far.
    Writer,
}

/// Whether it is noted what the rules of the optimizer change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleNotes {
    /// It is.
    Kept,
    /// It is not.
    Dropped,
}

/// A query that writes, as EXPLAIN shows it.
#[derive(Clone, Debug, Default)]
pub struct WriteRecord {
    /// The clauses that read or write, in their order; those within another clause follow it.
    pub clauses: Vec<ClauseRecord>,
    /// What was committed.
    pub commits: CommitRecord,
}

/// One clause of a query that writes.
#[derive(Clone, Debug)]
pub struct ClauseRecord {
    /// What it does: `Read`, or what a [`LogicalPlan::Write`] is called.
    pub name: String,
    /// What it reads or writes, in one line.
    pub detail: String,
    /// The plans that it reads with, in their order.
    pub reads: Vec<ClauseRead>,
    /// What it did; nothing where the query was only planned.
    pub run: ClauseRun,
}

/// A plan of a clause.
#[derive(Clone, Debug)]
pub struct ClauseRead {
    /// Before the optimizer.
    pub bound: LogicalPlan,
    /// After it.
    pub optimized: LogicalPlan,
    /// What the rules changed; empty with [`RuleNotes::Dropped`].
    pub rules: Vec<RuleChange>,
    /// Where it may run.
    pub place: ReadPlace,
    /// What its operators did, added over all runs.
    pub operators: Vec<OperatorMetrics>,
    /// What its tasks did, where it ran in stages.
    pub tasks: Vec<TaskMetrics>,
}

/// What a clause did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClauseRun {
    /// How often it ran: a clause within another one may run for each row.
    pub runs: u64,
    /// Rows that a clause that reads found, or that a clause that writes ran for.
    pub rows: u64,
    /// Time without that of the plans and of the clauses within it.
    pub own_time: Duration,
    /// What it wrote itself.
    pub written: WriteCounts,
}

/// What a query committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitRecord {
    /// Commits that were made: one, or one for each batch that wrote.
    pub commits: u64,
    /// Commits that were tried; more than were made where other writers were first.
    pub attempts: u64,
    /// Time that the commits took, those that failed included.
    pub time: Duration,
}

/// Takes notes while a query is planned or run.
#[derive(Debug)]
pub struct Recorder {
    rules: RuleNotes,
    state: Mutex<State>,
}

/// By their places from the outermost clause on, which orders them as they run.
type Records = BTreeMap<Vec<Place>, ClauseRecord>;

/// The branch, and the clause in it.
type Place = (usize, usize);

#[derive(Debug, Default)]
struct State {
    /// Of what is committed.
    kept: Records,
    /// Of the attempt that goes on.
    attempt: Records,
    /// The clauses that run now, from the outermost on.
    open: Vec<OpenClause>,
    commits: CommitRecord,
}

#[derive(Debug)]
struct OpenClause {
    place: Place,
    begun: Instant,
    before: WriteCounts,
    /// Time of its plans and of the clauses within it.
    time_within: Duration,
    /// What the clauses within it wrote.
    written_within: WriteCounts,
}

impl Recorder {
    /// Nothing is noted yet.
    #[must_use]
    pub fn new(rules: RuleNotes) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    /// Whether it is noted what rules change.
    pub(super) fn rules(&self) -> RuleNotes {
        self.rules
    }

    /// What was noted.
    #[must_use]
    pub fn into_record(self) -> WriteRecord {
        let mut state = self.state.into_inner();
        let state = state.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut());
        state.keep();
        WriteRecord {
            clauses: std::mem::take(&mut state.kept).into_values().collect(),
            commits: state.commits,
        }
    }

    /// Forgets the attempt so far, whose changes are not committed.
    pub(super) fn restart(&self) {
        let mut state = self.state();
        state.attempt.clear();
        state.open.clear();
    }

    /// Keeps the attempt so far.
    pub(super) fn keep(&self) {
        self.state().keep();
    }

    /// A commit was tried, which took so long.
    pub(super) fn commit(&self, time: Duration, outcome: CommitOutcome) {
        let mut state = self.state();
        state.commits.attempts += 1;
        state.commits.time += time;
        if outcome == CommitOutcome::Made {
            state.commits.commits += 1;
            state.keep();
        }
    }

    /// A clause begins, before which so much was written.
    pub(super) fn enter(&self, place: Place, written: WriteCounts) {
        self.state().open.push(OpenClause {
            place,
            begun: Instant::now(),
            before: written,
            time_within: Duration::ZERO,
            written_within: WriteCounts::default(),
        });
    }

    /// What the clause is that runs now.
    pub(super) fn describe(&self, name: &str, detail: String) {
        let mut state = self.state();
        let record = state.record();
        name.clone_into(&mut record.name);
        record.detail = detail;
    }

    /// The clause that runs now ran one of its plans, which took so long.
    pub(super) fn read(&self, read: ClauseRead, time: Duration) {
        let mut state = self.state();
        if let Some(open) = state.open.last_mut() {
            open.time_within += time;
        }
        let reads = &mut state.record().reads;
        match reads.iter_mut().find(|known| known.is_same_plan(&read)) {
            Some(known) => known.add(read),
            None => reads.push(read),
        }
    }

    /// The clause that runs now ends, after which so much is written.
    pub(super) fn leave(&self, rows: usize, written: WriteCounts) {
        let mut state = self.state();
        let path = state.path();
        let Some(open) = state.open.pop() else {
            return;
        };
        let (time, written) = (open.begun.elapsed(), written.since(&open.before));
        if let Some(outer) = state.open.last_mut() {
            outer.time_within += time;
            outer.written_within = outer.written_within.plus(&written);
        }
        // A clause that only runs others is not shown.
        if let Some(record) = state.attempt.get_mut(&path) {
            record.run.add(&ClauseRun {
                runs: 1,
                rows: rows as u64,
                own_time: time.saturating_sub(open.time_within),
                written: written.since(&open.written_within),
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitOutcome {
    Made,
    Failed,
}

impl State {
    fn path(&self) -> Vec<Place> {
        self.open.iter().map(|open| open.place).collect()
    }

    /// The record of the clause that runs now.
    fn record(&mut self) -> &mut ClauseRecord {
        let path = self.path();
        self.attempt.entry(path).or_insert_with(|| ClauseRecord {
            name: "Subquery".to_owned(),
            detail: "Subquery".to_owned(),
            reads: Vec::new(),
            run: ClauseRun::default(),
        })
    }

    fn keep(&mut self) {
        for (path, record) in std::mem::take(&mut self.attempt) {
            let Some(known) = self.kept.get_mut(&path) else {
                self.kept.insert(path, record);
                continue;
            };
            known.run.add(&record.run);
            for read in record.reads {
                match known.reads.iter_mut().find(|own| own.is_same_plan(&read)) {
                    Some(own) => own.add(read),
                    None => known.reads.push(read),
                }
            }
        }
    }
}

impl ClauseRead {
    /// Whether both are one plan, over other rows.
    fn is_same_plan(&self, other: &Self) -> bool {
        self.place == other.place
            && self.operators.len() == other.operators.len()
            && nodes(&self.optimized) == nodes(&other.optimized)
    }

    /// Adds another run of the plan, which came after this one.
    fn add(&mut self, later: Self) {
        let mut operators = add_metrics(self.operators.iter().chain(&later.operators));
        for operator in &mut operators {
            // Runs that follow each other share their threads.
            let threads = [&self.operators, &later.operators].map(|run| {
                let own = run.iter().find(|own| own.id == operator.id);
                own.map_or(0, |own| own.threads)
            });
            operator.threads = threads[0].max(threads[1]);
        }
        self.operators = operators;
        self.tasks.extend(later.tasks);
    }
}

impl ClauseRun {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.rows += other.rows;
        self.own_time += other.own_time;
        self.written = self.written.plus(&other.written);
    }
}

/// The kinds of a plan's nodes, from the root down.
fn nodes(plan: &LogicalPlan) -> Vec<Discriminant<LogicalPlan>> {
    fn collect(plan: &LogicalPlan, nodes: &mut Vec<Discriminant<LogicalPlan>>) {
        nodes.push(std::mem::discriminant(plan));
        for input in plan.inputs().into_iter().chain(plan.subplan()) {
            with_stack(|| collect(input, nodes));
        }
    }
    let mut found = Vec::new();
    collect(plan, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(nodes_created: u64) -> WriteCounts {
        WriteCounts {
            nodes_created,
            ..WriteCounts::default()
        }
    }

    fn read() -> ClauseRead {
        ClauseRead {
            bound: LogicalPlan::Unit,
            optimized: LogicalPlan::Unit,
            rules: Vec::new(),
            place: ReadPlace::Writer,
            operators: vec![OperatorMetrics {
                rows: 2,
                threads: 1,
                ..OperatorMetrics::default()
            }],
            tasks: Vec::new(),
        }
    }

    /// A clause that creates so many nodes for each of `runs` rows of the clause around it.
    fn run_nested(recorder: &Recorder, runs: u64, nodes: u64) {
        recorder.enter((0, 1), written(0));
        for run in 0..runs {
            recorder.enter((0, 0), written(run * nodes));
            recorder.describe("Create", "Create(n)".to_owned());
            recorder.read(read(), Duration::from_secs(60));
            recorder.leave(1, written((run + 1) * nodes));
        }
        recorder.leave(runs as usize, written(runs * nodes));
    }

    #[test]
    fn runs_of_a_clause_within_another_are_added_up() {
        let recorder = Recorder::new(RuleNotes::Dropped);
        run_nested(&recorder, 3, 2);
        let record = recorder.into_record();
        let [clause] = &record.clauses[..] else {
            panic!("the clause around it reads and writes nothing itself");
        };
        assert_eq!((clause.name.as_str(), clause.run.runs), ("Create", 3));
        assert_eq!((clause.run.rows, clause.run.written), (3, written(6)));
        let [read] = &clause.reads[..] else {
            panic!("one plan, which ran three times");
        };
        assert_eq!((read.operators[0].rows, read.operators[0].threads), (6, 1));
        assert_eq!(clause.run.own_time, Duration::ZERO, "the plans took longer");
    }

    #[test]
    fn what_a_clause_wrote_is_without_the_clauses_within_it() {
        let recorder = Recorder::new(RuleNotes::Dropped);
        recorder.enter((0, 0), written(1));
        recorder.describe("Outer", "Outer".to_owned());
        run_nested(&recorder, 1, 4);
        recorder.leave(5, written(7));
        let record = recorder.into_record();
        let own: Vec<_> = record.clauses.iter().map(|own| own.run.written).collect();
        assert_eq!(own, [written(2), written(4)]);
    }

    #[test]
    fn an_attempt_that_was_not_committed_is_forgotten() {
        let recorder = Recorder::new(RuleNotes::Dropped);
        for _ in 0..2 {
            recorder.restart();
            run_nested(&recorder, 1, 1);
        }
        recorder.commit(Duration::from_millis(1), CommitOutcome::Failed);
        recorder.restart();
        run_nested(&recorder, 1, 1);
        recorder.commit(Duration::from_millis(1), CommitOutcome::Made);
        run_nested(&recorder, 2, 1);
        recorder.commit(Duration::from_millis(1), CommitOutcome::Made);
        let record = recorder.into_record();
        assert_eq!(record.clauses[0].run.written, written(3));
        assert_eq!((record.commits.commits, record.commits.attempts), (2, 3));
        assert_eq!(record.commits.time, Duration::from_millis(3));
    }
}

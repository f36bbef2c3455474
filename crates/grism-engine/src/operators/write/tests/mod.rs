//! Tests of the writer: what it changes, clause by clause and commit by commit.

mod recording;
mod rows;
mod steps;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use grism_core::{ErrorKind, Result, SnapshotSelector};
use grism_logical::PlanSchema;
use grism_logical::optimizer::Rewrites;

use super::{BoundClause, ClauseRun, QueryWriter, ReadPlace, Recorder, RuleNotes, WrittenQuery};
use crate::{CancellationHandle, RuntimeConfig, build_operators};
use recording::{RecordingHost, RecordingStorage, Records};
use steps::{
    Step, Steps, call, call_in_transactions, create, detach_delete, merge, set, set_of_value,
    unwind,
};

struct Run {
    records: Arc<Records>,
    cancellation: CancellationHandle,
}

impl Run {
    fn new(conflicts: usize) -> Self {
        let records = Records {
            conflicts: AtomicUsize::new(conflicts),
            ..Records::default()
        };
        Self {
            records: Arc::new(records),
            cancellation: CancellationHandle::default(),
        }
    }

    fn host(&self) -> RecordingHost {
        RecordingHost {
            records: Arc::clone(&self.records),
            storage: Arc::new(RecordingStorage::new(&self.records)),
            rewrites: Rewrites::default(),
        }
    }

    async fn write(&self, steps: &'static [Step]) -> Result<WrittenQuery> {
        let host = self.host();
        let settings = RuntimeConfig::default().with_threads(1);
        let writer = QueryWriter::new(&host, settings, self.cancellation.clone());
        writer.write(&mut Steps, &steps).await
    }

    /// What each commit did.
    fn committed(&self) -> Vec<Vec<String>> {
        self.records.committed.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn clauses_run_one_after_the_other_and_become_one_commit() {
    let run = Run::new(0);
    let written = run
        .write(&[Step(unwind), Step(create), Step(set)])
        .await
        .unwrap();
    let expected = [
        "create Person",
        "create Person",
        "create Person",
        "set 0.x = 1",
        "set 1.x = 2",
        "set 2.x = 2",
    ];
    assert_eq!(run.committed(), [expected.map(str::to_owned).to_vec()]);
    assert_eq!(written.rows.row_count(), 3);
    assert!(written.schema.names().eq(["x", "p"]));
    let counts = (written.counts.nodes_created, written.counts.properties_set);
    assert_eq!(counts, (3, 3));
}

#[tokio::test]
async fn rows_of_a_merge_that_look_for_the_same_create_once() {
    let run = Run::new(0);
    let written = run.write(&[Step(unwind), Step(merge), Step(set)]).await;
    let written = written.unwrap();
    let expected = [
        "create Person",
        "set 0.x = 1",
        "create Person",
        "set 1.x = 2",
        "set 0.x = 1",
        "set 1.x = 2",
        "set 1.x = 2",
    ];
    assert_eq!(run.committed(), [expected.map(str::to_owned).to_vec()]);
    assert_eq!(written.rows.row_count(), 3);
}

#[tokio::test]
async fn what_is_deleted_is_gathered_from_all_rows() {
    let run = Run::new(0);
    let steps = &[Step(unwind), Step(create), Step(detach_delete)];
    run.write(steps).await.unwrap();
    let [done] = &run.committed()[..] else {
        panic!("one commit");
    };
    assert_eq!(done[3..], ["detach delete 3"]);
}

#[tokio::test]
async fn a_clause_that_fails_leaves_nothing_of_those_before() {
    let run = Run::new(0);
    let steps = &[Step(unwind), Step(create), Step(set_of_value)];
    let error = run.write(steps).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(
        error
            .to_string()
            .contains("SET needs a node or a hyperedge"),
        "{error}"
    );
    assert!(run.committed().is_empty());
}

#[tokio::test]
async fn a_nested_query_runs_row_by_row_where_rows_may_see_each_other() {
    let run = Run::new(0);
    run.write(&[Step(unwind), Step(call)]).await.unwrap();
    let [done] = &run.committed()[..] else {
        panic!("one commit");
    };
    let pairs = done.chunks(2);
    assert!(pairs.into_iter().all(|pair| pair[0] == "create Person"));
    assert_eq!(done.len(), 6);
}

#[tokio::test]
async fn batches_in_transactions_are_commits_of_their_own() {
    let run = Run::new(0);
    let written = run.write(&[Step(unwind), Step(call_in_transactions)]);
    let written = written.await.unwrap();
    let sizes: Vec<usize> = run.committed().iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 2]);
    assert_eq!(written.counts.nodes_created, 3);
}

#[tokio::test]
async fn a_commit_that_another_writer_was_before_is_computed_again() {
    let run = Run::new(1);
    let written = run.write(&[Step(unwind), Step(create)]).await.unwrap();
    assert_eq!(run.committed(), [vec!["create Person".to_owned(); 3]]);
    assert_eq!(
        written.counts.nodes_created, 3,
        "counts of the last attempt"
    );
}

#[tokio::test]
async fn what_was_cancelled_commits_nothing() {
    let run = Run::new(0);
    run.cancellation.cancel();
    let error = run.write(&[Step(unwind), Step(create)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(run.committed().is_empty());
}

#[tokio::test]
async fn planning_writes_nothing() {
    let run = Run::new(0);
    let host = run.host();
    let recorder = Recorder::new(RuleNotes::Dropped);
    let writer = QueryWriter::new(&host, RuntimeConfig::default(), run.cancellation.clone())
        .recording(&recorder);
    let steps: &'static [Step] = &[Step(unwind), Step(merge), Step(call)];
    writer
        .plan(&mut Steps, &steps, SnapshotSelector::Newest)
        .await
        .unwrap();
    let record = recorder.into_record();
    let names: Vec<&str> = record.clauses.iter().map(|own| own.name.as_str()).collect();
    assert_eq!(names, ["Read", "Merge", "Create", "Set"]);
    assert!(!record.clauses[0].reads.is_empty());
    assert!(run.records.done.lock().unwrap().is_empty());
}

#[tokio::test]
async fn clauses_of_a_run_are_noted_with_what_each_of_them_wrote() {
    let run = Run::new(1);
    let host = run.host();
    let recorder = Recorder::new(RuleNotes::Kept);
    let settings = RuntimeConfig::default().with_threads(1);
    let writer = QueryWriter::new(&host, settings, run.cancellation.clone()).recording(&recorder);
    let steps: &'static [Step] = &[Step(unwind), Step(create), Step(set)];
    writer.write(&mut Steps, &steps).await.unwrap();
    let record = recorder.into_record();
    let seen = record.clauses.iter().map(|own| {
        let ClauseRun { rows, written, .. } = own.run;
        (
            own.name.as_str(),
            rows,
            written.nodes_created,
            written.properties_set,
        )
    });
    let seen: Vec<_> = seen.collect();
    assert_eq!(
        seen,
        [("Read", 3, 0, 0), ("Create", 3, 3, 0), ("Set", 3, 0, 3)]
    );
    assert_eq!(record.clauses[0].reads[0].place, ReadPlace::Anywhere);
    // Another writer was first once, and what was done for that attempt does not count.
    assert_eq!((record.commits.commits, record.commits.attempts), (1, 2));
}

#[tokio::test]
async fn clauses_that_are_committed_batch_by_batch_are_added_up() {
    let run = Run::new(1);
    let host = run.host();
    let recorder = Recorder::new(RuleNotes::Dropped);
    let settings = RuntimeConfig::default().with_threads(1);
    let writer = QueryWriter::new(&host, settings, run.cancellation.clone()).recording(&recorder);
    let steps: &'static [Step] = &[Step(unwind), Step(call_in_transactions)];
    writer.write(&mut Steps, &steps).await.unwrap();
    let record = recorder.into_record();
    let created: u64 = record
        .clauses
        .iter()
        .map(|own| own.run.written.nodes_created)
        .sum();
    assert_eq!(
        (record.commits.commits, record.commits.attempts, created),
        (2, 3, 3)
    );
}

#[test]
fn a_write_is_refused_where_plans_only_read() {
    let BoundClause::Plan { plan, .. } = create(PlanSchema::default()) else {
        panic!("a plan");
    };
    let error = build_operators(&plan).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Create"), "{error}");
}

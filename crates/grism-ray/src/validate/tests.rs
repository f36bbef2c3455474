//! Plans that are right in every way but one, each of which the validator refuses for that.

use std::sync::Arc;

use grism_core::{Tables, Type};
use grism_engine::operators::{
    AggregateColumn, ApplyExec, ArgumentExec, CrossJoinExec, GroupKey, HashAggregateExec,
    HashJoinExec, LimitExec, NodeScanExec, SortExec, StageInputExec, UnionExec, UnitExec,
};
use grism_engine::{
    BinaryExec, Exchange, ExchangeMode, Leaf, OperatorId, OrderedBy, PartitioningSpec, Phases,
    PhysicalOperator, ReadOrder, Resources, UnaryExec,
};
use grism_logical::{AggregateFunction, ApplyKind, JoinKind, NodeScan, PropertyRef};

use super::validate;
use crate::{
    DistributedPlan, ExchangeExec, ExecutionStage, PhysicalSubPlan, StageInputSpec, StageOutput,
};

type Operator = Arc<dyn PhysicalOperator>;

const TASKS: usize = 2;

/// `(variable)`, with the property `x`, dealt out to tasks.
fn scan(variable: &str) -> Operator {
    scan_of(variable, Some(0))
}

fn scan_of(variable: &str, leaf: Option<u32>) -> Operator {
    let tables = Tables::default();
    let scan = NodeScan {
        variable: variable.to_owned(),
        ty: Type::Node(Arc::clone(&tables)),
        tables,
        label: String::new(),
        properties: vec![PropertyRef {
            key: "x".to_owned(),
            ty: Type::Int64,
        }],
        predicate: Vec::new(),
        index: None,
    };
    NodeScanExec::new(scan, leaf).into_operator()
}

fn hash(keys: &[&str]) -> PartitioningSpec {
    PartitioningSpec::Hash {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        partitions: TASKS,
    }
}

const ANYWHERE: PartitioningSpec = PartitioningSpec::RoundRobin { partitions: TASKS };

fn ascending(key: &str) -> Vec<OrderedBy> {
    vec![OrderedBy::ascending(key)]
}

fn range(key: &str) -> PartitioningSpec {
    PartitioningSpec::Range {
        keys: ascending(key),
        partitions: TASKS,
        bounds: None,
    }
}

/// Counts rows by a column, or all rows.
fn counted(input: Operator, by: Option<&str>, name: &str) -> Operator {
    let keys = by.map(|name| GroupKey {
        name: name.to_owned(),
        text: name.to_owned(),
        value: None,
    });
    let count = AggregateColumn {
        function: AggregateFunction::Count.into(),
        arguments: Vec::new(),
        distinct: false,
        name: name.to_owned(),
        text: format!("count(*) AS {name}"),
    };
    let rows = input.schema().clone();
    let counted = HashAggregateExec::new(rows, keys.into_iter().collect(), vec![count]);
    UnaryExec::over(input, counted).unwrap()
}

fn sorted(input: Operator, key: &str, fetch: Option<usize>) -> Operator {
    UnaryExec::over(input, SortExec::new(ascending(key), fetch)).unwrap()
}

fn limited(input: Operator, fetch: usize) -> Operator {
    UnaryExec::over(input, LimitExec::new(0, Some(fetch))).unwrap()
}

fn join(left: Operator, right: Operator, kind: JoinKind, on: &[(&str, &str)]) -> Operator {
    let on = on.iter();
    let on = on.map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    BinaryExec::over(left, right, HashJoinExec::new(on.collect(), kind)).unwrap()
}

fn phases(operator: Operator) -> Phases {
    operator.phases().unwrap().unwrap()
}

/// The second phase of an operator over other rows.
fn second(operator: Operator, input: Operator) -> Operator {
    let global = phases(operator).global.unwrap();
    global.over_inputs(vec![input]).unwrap()
}

/// A staged plan, stage by stage.
#[derive(Default)]
struct Stages(Vec<ExecutionStage>);

impl Stages {
    /// Adds a stage that writes its rows in this way.
    fn stage(
        mut self,
        root: Operator,
        inputs: &[usize],
        mode: ExchangeMode,
        by: PartitioningSpec,
    ) -> Self {
        let output = StageOutput {
            mode,
            partitioning: by,
            reason: String::new(),
        };
        self.push(root, inputs, TASKS, Some(output));
        self
    }

    fn shuffled(self, root: Operator, by: PartitioningSpec) -> Self {
        self.stage(root, &[], ExchangeMode::Shuffle, by)
    }

    fn broadcast(self, root: Operator) -> Self {
        self.stage(root, &[], ExchangeMode::Broadcast, PartitioningSpec::Single)
    }

    fn gathered(self, root: Operator) -> Self {
        self.stage(root, &[], ExchangeMode::Gather, PartitioningSpec::Single)
    }

    /// What reads the output of the stage number `input`, as input number `number` of its own.
    fn read(&self, number: usize, input: usize) -> Operator {
        self.read_in(number, input, ReadOrder::Sequential)
    }

    fn read_in(&self, number: usize, input: usize, order: ReadOrder) -> Operator {
        let schema = self.0[input].plan.root.schema().clone();
        StageInputExec::new(number, schema, order).into_operator()
    }

    /// The plan whose last stage reads these stages with so many tasks.
    fn result(mut self, root: Operator, inputs: &[usize], tasks: usize) -> DistributedPlan {
        let schema = root.schema().clone();
        self.push(root, inputs, tasks, None);
        DistributedPlan {
            stages: self.0,
            schema,
        }
    }

    fn push(
        &mut self,
        root: Operator,
        inputs: &[usize],
        tasks: usize,
        output: Option<StageOutput>,
    ) {
        let inputs = inputs.iter().map(|input| {
            let read = self.0[*input].output.clone().unwrap();
            StageInputSpec {
                stage_id: *input,
                mode: read.mode,
                partitioning: read.partitioning,
            }
        });
        let inputs: Vec<_> = inputs.collect();
        self.0.push(ExecutionStage {
            stage_id: self.0.len(),
            first_operator: OperatorId::default(),
            plan: PhysicalSubPlan { root },
            input_partitioning: inputs.first().map(|input| input.partitioning.clone()),
            inputs,
            output_partitioning: output.as_ref().map(|output| output.partitioning.clone()),
            output,
            tasks,
            resources: Resources::default(),
            notes: Vec::new(),
        });
    }
}

/// A plan whose only stage runs `root` in several tasks.
fn in_tasks(root: Operator) -> DistributedPlan {
    Stages::default().result(root, &[], TASKS)
}

/// A plan of two stages: `first`, moved in this way, and what `last` makes of it.
fn moved(stages: Stages, tasks: usize, last: impl FnOnce(Operator) -> Operator) -> DistributedPlan {
    let read = stages.read(0, 0);
    stages.result(last(read), &[0], tasks)
}

/// A plan that joins the outputs of two stages.
fn joined(stages: Stages, of: impl FnOnce(Operator, Operator) -> Operator) -> DistributedPlan {
    let (left, right) = (stages.read(0, 0), stages.read(1, 1));
    stages.result(of(left, right), &[0, 1], TASKS)
}

fn two_scans(left: PartitioningSpec, right: PartitioningSpec) -> Stages {
    Stages::default()
        .shuffled(scan("a"), left)
        .shuffled(scan("b"), right)
}

#[test]
fn right_plans_are_accepted() {
    let count = || counted(scan("a"), Some("a.x"), "n");
    let partial = phases(count()).local;
    let states = Stages::default().shuffled(partial, hash(&["a.x"]));
    let top = || sorted(scan("a"), "a.x", Some(3));
    let runs = Stages::default().gathered(phases(top()).local);
    let merged = runs.read_in(0, 0, ReadOrder::Merged(ascending("a.x")));
    let sort = || sorted(scan("a"), "a.x", None);
    let ranged = Stages::default().shuffled(phases(sort()).local, range("a.x"));
    let in_order = ranged.read_in(0, 0, ReadOrder::Merged(ascending("a.x")));
    let first = Stages::default().gathered(phases(limited(scan("a"), 3)).local);
    let whole = Stages::default().broadcast(scan("a"));
    let build = whole.read(0, 0);
    let on = [("a.x", "b.x")];
    for (name, plan) in [
        ("scan", Stages::default().result(scan("a"), &[], TASKS)),
        ("one task", Stages::default().result(count(), &[], 1)),
        (
            "aggregate",
            moved(states, TASKS, |read| second(count(), read)),
        ),
        ("top", runs.result(second(top(), merged), &[0], 1)),
        ("sort", ranged.result(in_order, &[0], TASKS)),
        (
            "limit",
            moved(first, 1, |read| second(limited(scan("a"), 3), read)),
        ),
        (
            "broadcast",
            whole.result(join(build, scan("b"), JoinKind::Semi, &on), &[0], TASKS),
        ),
        (
            "shuffled",
            joined(two_scans(hash(&["a.x"]), hash(&["b.x"])), |a, b| {
                join(a, b, JoinKind::Inner, &on)
            }),
        ),
    ] {
        if let Err(error) = validate(&plan) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of broken plans")]
fn broken_plans_are_refused() {
    let count = || counted(scan("a"), Some("a.x"), "n");
    let partial = || phases(count()).local;
    let runs = || phases(sorted(scan("a"), "a.x", None)).local;
    let top = || sorted(scan("a"), "a.x", Some(3));
    let by_x = || ReadOrder::Merged(ascending("a.x"));
    let on = [("a.x", "b.x")];
    let both = [("a.x", "b.x"), ("a", "b")];
    let stages = Stages::default;
    let subplan = |inner: Operator| {
        let apply = ApplyExec::new(inner, ApplyKind::Semi, None);
        in_tasks(UnaryExec::over(scan("a"), apply).unwrap())
    };
    let unsorted = stages().gathered(scan("a"));
    let merges_unsorted = unsorted.read_in(0, 0, by_x());
    let other = stages().gathered(runs());
    let merges_other = other.read_in(0, 0, ReadOrder::Merged(ascending("a")));
    let top_runs = stages().gathered(phases(top()).local);
    let states = partial();
    let count_states = &states.schema().columns().columns[1].name;
    let mut other_partitioning = moved(stages().shuffled(scan("a"), ANYWHERE), TASKS, |read| read);
    other_partitioning.stages[1].inputs[0].partitioning = hash(&["a"]);
    let mut out_of_order = moved(stages().shuffled(scan("a"), ANYWHERE), TASKS, |read| read);
    out_of_order.stages[1].inputs[0].stage_id = 1;
    let mut no_tasks = stages().result(scan("a"), &[], TASKS);
    no_tasks.stages[0].tasks = 0;
    let other_columns = stages().shuffled(scan("a"), ANYWHERE);
    let reads_other_columns =
        StageInputExec::new(0, scan("b").schema().clone(), ReadOrder::Sequential);
    let exchange = Exchange {
        partitioning: ANYWHERE,
        mode: ExchangeMode::Shuffle,
        order: ReadOrder::Sequential,
        reason: String::new(),
    };
    let whole_left = || {
        stages()
            .shuffled(scan("a"), hash(&["a.x"]))
            .broadcast(scan("b"))
    };
    let both_whole = stages().broadcast(scan("a")).broadcast(scan("b"));
    let whole = stages().broadcast(scan("a"));
    let whole_branch = whole.read(0, 0);
    let schema = scan("a").schema().clone();

    for (name, plan, expected) in [
        (
            "final aggregate under other keys",
            moved(
                stages().shuffled(partial(), hash(&[count_states])),
                TASKS,
                |read| second(count(), read),
            ),
            "requires",
        ),
        (
            "final aggregate over rows anywhere",
            moved(stages().shuffled(partial(), ANYWHERE), TASKS, |read| {
                second(count(), read)
            }),
            "requires",
        ),
        (
            "final aggregate over rows that are no states",
            moved(stages().gathered(scan("a")), 1, |read| {
                second(count(), read)
            }),
            "requires",
        ),
        (
            "final aggregate of other states",
            moved(
                stages().shuffled(partial(), hash(&["a.x"])),
                TASKS,
                |read| second(counted(scan("a"), Some("a.x"), "other"), read),
            ),
            "requires",
        ),
        ("aggregate in several tasks", in_tasks(count()), "requires"),
        (
            "count of all rows in several tasks",
            in_tasks(counted(scan("a"), None, "n")),
            "requires",
        ),
        (
            "states as the result",
            moved(
                stages().shuffled(partial(), hash(&["a.x"])),
                TASKS,
                |read| read,
            ),
            "nothing finishes",
        ),
        (
            "sort below a hash exchange",
            moved(stages().shuffled(runs(), hash(&["a.x"])), TASKS, |read| {
                read
            }),
            "nothing finishes runs sorted by a.x",
        ),
        (
            "sort in several tasks",
            in_tasks(sorted(scan("a"), "a.x", None)),
            "requires",
        ),
        ("first rows in several tasks", in_tasks(top()), "requires"),
        (
            "merge of what is not sorted",
            unsorted.result(merges_unsorted, &[0], 1),
            "not sorted like this",
        ),
        (
            "merge by another column",
            other.result(merges_other, &[0], 1),
            "not sorted like this",
        ),
        (
            "first rows one task after the other",
            moved(top_runs, 1, |read| second(top(), read)),
            "requires",
        ),
        (
            "limit in several tasks",
            in_tasks(limited(scan("a"), 3)),
            "requires",
        ),
        (
            "limit of each task alone",
            moved(
                stages().gathered(phases(limited(scan("a"), 3)).local),
                1,
                |read| read,
            ),
            "nothing finishes the first 3 rows of each task",
        ),
        (
            "limit over fewer rows than it counts",
            moved(
                stages().gathered(phases(limited(scan("a"), 3)).local),
                1,
                |read| second(limited(scan("a"), 5), read),
            ),
            "requires",
        ),
        (
            "semi join spread by the wrong side",
            joined(whole_left(), |a, b| join(a, b, JoinKind::Semi, &on)),
            "requires",
        ),
        (
            "join of two sides that are whole everywhere",
            joined(both_whole, |a, b| join(a, b, JoinKind::Inner, &on)),
            "requires",
        ),
        (
            "join under other keys",
            joined(two_scans(hash(&["a.x"]), hash(&["b"])), |a, b| {
                join(a, b, JoinKind::Inner, &on)
            }),
            "requires",
        ),
        (
            "join under keys in another order",
            joined(
                two_scans(hash(&["a.x", "a"]), hash(&["b", "b.x"])),
                |a, b| join(a, b, JoinKind::Inner, &both),
            ),
            "requires",
        ),
        (
            "join of rows anywhere",
            joined(two_scans(ANYWHERE, ANYWHERE), |a, b| {
                join(a, b, JoinKind::Anti, &on)
            }),
            "requires",
        ),
        (
            "product of two spread sides",
            joined(two_scans(ANYWHERE, ANYWHERE), |a, b| {
                BinaryExec::over(a, b, CrossJoinExec).unwrap()
            }),
            "requires",
        ),
        (
            "union with a branch that is whole everywhere",
            whole.result(
                Arc::new(UnionExec::new(vec![whole_branch, scan("a")], schema)),
                &[0],
                TASKS,
            ),
            "requires",
        ),
        (
            "result of rows that every task has",
            moved(stages().broadcast(scan("a")), TASKS, |read| read),
            "every task has all of its rows",
        ),
        (
            "gathered rows in several tasks",
            moved(stages().gathered(scan("a")), TASKS, |read| read),
            "is read by one task",
        ),
        (
            "more tasks than partitions",
            moved(stages().shuffled(scan("a"), ANYWHERE), TASKS + 1, |read| {
                read
            }),
            "3 tasks read 2 partitions",
        ),
        (
            "another partitioning than is written",
            other_partitioning,
            "another partitioning",
        ),
        ("a stage that reads itself", out_of_order, "out of order"),
        ("a stage without tasks", no_tasks, "no tasks"),
        (
            "rows split by a column that is not there",
            moved(stages().shuffled(scan("a"), hash(&["b"])), TASKS, |read| {
                read
            }),
            "does not output",
        ),
        (
            "other columns than are written",
            other_columns.result(reads_other_columns.into_operator(), &[0], TASKS),
            "other columns",
        ),
        (
            "an input that the stage does not have",
            moved(stages().shuffled(scan("a"), ANYWHERE), TASKS, |read| {
                StageInputExec::new(1, read.schema().clone(), ReadOrder::Sequential).into_operator()
            }),
            "does not have",
        ),
        (
            "an exchange within a stage",
            in_tasks(Arc::new(ExchangeExec::new(scan("a"), exchange))),
            "stands within a stage",
        ),
        (
            "a dealt scan within an operator",
            subplan(scan("b")),
            "deals its rows out",
        ),
        (
            "a stage's input within an operator",
            subplan(
                StageInputExec::new(0, scan("b").schema().clone(), ReadOrder::Sequential)
                    .into_operator(),
            ),
            "stands within another operator",
        ),
        (
            "states within an operator",
            subplan(phases(counted(scan_of("b", None), None, "n")).local),
            "nothing finishes",
        ),
        (
            "outer rows of no operator",
            in_tasks(ArgumentExec::new(scan("a").schema().clone()).into_operator()),
            "2 tasks run what is one task's",
        ),
        (
            "rows counted in tasks of which one has the rows",
            in_tasks(counted(UnitExec::new(0).into_operator(), None, "n")),
            "requires",
        ),
    ] {
        match validate(&plan) {
            Ok(()) => panic!("{name}: accepted"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(expected), "{name}: {error}");
            }
        }
    }
}

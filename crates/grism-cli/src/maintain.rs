//! `grism check`, `export`, `import`, `history`, `optimize` and `vacuum`.

use std::time::Duration;

use grism::{Error, Result, SnapshotId, SnapshotSelector, VacuumOptions};

use crate::arguments::{Check, Export, History, Import, Optimize, Vacuum};
use crate::output::{tell, write_text};
use crate::query::show_each;

/// Whether the graph is sound.
pub(crate) async fn check(check: Check) -> Result<bool> {
    let graph = check.graph.open(false).await?;
    let report = graph
        .check(SnapshotSelector::numbered(check.snapshot))
        .await?;
    let mut lines = report.problems.clone();
    let untold = report.problem_count - report.problems.len() as u64;
    if untold > 0 {
        lines.push(format!("and {untold} more"));
    }
    lines.push(report.to_string());
    write_text(&lines.join("\n"))?;
    Ok(report.is_sound())
}

pub(crate) async fn export(export: Export) -> Result<()> {
    let graph = export.graph.open(false).await?;
    let rows = graph.export_to(&export.directory).await?;
    tell(format!(
        "{rows} rows written to {}",
        export.directory.display()
    ));
    Ok(())
}

pub(crate) async fn import(import: Import) -> Result<()> {
    let graph = import.graph.open(true).await?;
    let snapshot = graph.import_from(&import.directory).await?;
    tell(format!("imported as snapshot {snapshot}"));
    Ok(())
}

pub(crate) async fn history(history: History) -> Result<()> {
    let graph = history.graph.open(false).await?;
    let Some(ends) = &history.diff else {
        return show_each(&graph, &["SHOW SNAPSHOTS"], None).await;
    };
    let [from, to] = ends[..] else {
        return Err(Error::invalid_query("--diff takes two snapshots"));
    };
    let diff = graph.diff(SnapshotId(from), SnapshotId(to)).await?;
    if diff.tables.is_empty() {
        return write_text("nothing differs");
    }
    let line = |(name, table): (&String, &grism::TableDiff)| {
        let counts = table.counts();
        format!(
            "{name}: {} added, {} removed, {} changed",
            counts.added, counts.deleted, counts.updated
        )
    };
    write_text(&diff.tables.iter().map(line).collect::<Vec<_>>().join("\n"))
}

pub(crate) async fn optimize(optimize: Optimize) -> Result<()> {
    let graph = optimize.graph.open(false).await?;
    tell(graph.optimize().await?);
    Ok(())
}

pub(crate) async fn vacuum(vacuum: Vacuum) -> Result<()> {
    let hours = |name: &str, hours: f64| {
        Duration::try_from_secs_f64(hours * 3600.0)
            .map_err(|_| Error::invalid_query(format!("--{name} must be hours, not less than 0")))
    };
    let options = VacuumOptions {
        retain: hours("retain", vacuum.retain)?,
        keep: vacuum.keep,
        grace: hours("grace", vacuum.grace)?,
        dry_run: vacuum.dry_run,
    };
    let graph = vacuum.graph.open(false).await?;
    let report = graph.vacuum(&options).await?;
    match vacuum.dry_run {
        true => tell(format!("would be: {report}")),
        false => tell(report),
    }
    Ok(())
}

//! How statements are run: the options that `query`, `shell` and `explain` share.

use std::path::PathBuf;

use clap::Args;
use grism::{
    CancellationHandle, Engine, Error, QueryOptions, Resources, Result, Rewrites, StageSetting,
};

use super::pair;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "How it runs")]
pub(crate) struct Settings {
    /// Where it runs: local, staged, ray or auto
    #[arg(long, default_value = "local")]
    pub(crate) engine: String,
    /// Threads (default: all cores); with --engine ray those of each worker (default: one)
    #[arg(long)]
    threads: Option<usize>,
    /// Bytes that a query may hold; with --engine ray each worker
    #[arg(long, value_name = "BYTES")]
    memory_limit: Option<usize>,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// Rows of a batch
    #[arg(long, value_name = "ROWS")]
    batch_rows: Option<usize>,
    /// Partitions of a stage, with --engine staged or ray
    #[arg(long)]
    partitions: Option<usize>,
    /// What this process has for operators that need it, as gpu=1; with --engine local or staged
    #[arg(long, value_name = "NAME=AMOUNT")]
    resource: Vec<String>,
    /// Leave out these rules of the optimizer, separated by commas, or `none` to run no rule that can be left out
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rewrites: Vec<String>,
    /// Address of the Ray cluster: host:port, auto, or local, which starts one
    #[arg(long, value_name = "ADDRESS")]
    ray_address: Option<String>,
    /// Worker actors on Ray (default: one for each CPU)
    #[arg(long)]
    workers: Option<usize>,
    /// The extension module that workers on Ray import in place of Grism's own
    #[arg(long, value_name = "MODULE")]
    worker_module: Option<String>,
    /// Seconds to wait for a worker with the resources that an operator needs
    #[arg(long, value_name = "SECONDS")]
    resource_timeout: Option<f64>,
    /// The Python that has grism_ray, for Ray
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

impl Settings {
    /// The options of queries, which stop with `cancellation`.
    ///
    /// # Errors
    /// `InvalidQuery` for a wrong value, and for a setting of Ray beside another engine.
    pub(crate) fn options(&self, cancellation: CancellationHandle) -> Result<QueryOptions> {
        let mut options = QueryOptions {
            engine: Engine::from_name(&self.engine)?,
            cancellation,
            ..QueryOptions::default()
        };
        self.check_engine(options.engine)?;
        if let Some(threads) = self.threads {
            options = options.with_threads(threads);
        }
        options.runtime.memory_limit = self.memory_limit;
        options.runtime.timeout_ms = milliseconds("--timeout", self.timeout)?;
        if let Some(rows) = self.batch_rows {
            options.runtime.batch_rows = rows.max(1);
        }
        options.runtime.resources = Resources::try_new(amounts(&self.resource)?)?;
        options.rewrites = Rewrites::without(&self.rewrites)?;
        for setting in self.of_stages()?.into_iter().flatten() {
            options.set(setting)?;
        }
        Ok(options)
    }

    /// The settings of queries in stages that are given.
    fn of_stages(&self) -> Result<[Option<StageSetting>; 6]> {
        let timeout = milliseconds("--resource-timeout", self.resource_timeout)?;
        let python = self.python.as_ref();
        Ok([
            self.partitions.map(StageSetting::Partitions),
            self.ray_address.clone().map(StageSetting::RayAddress),
            self.workers.map(StageSetting::Workers),
            self.worker_module.clone().map(StageSetting::WorkerModule),
            timeout.map(StageSetting::ResourceTimeout),
            python.map(|path| StageSetting::Python(path.to_string_lossy().into_owned())),
        ])
    }

    /// Refuses settings that the engine does not honour.
    fn check_engine(&self, engine: Engine) -> Result<()> {
        let of_ray = [
            ("--ray-address", self.ray_address.is_some()),
            ("--workers", self.workers.is_some()),
            ("--worker-module", self.worker_module.is_some()),
            ("--resource-timeout", self.resource_timeout.is_some()),
            ("--python", self.python.is_some()),
        ];
        match of_ray.iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if engine != Engine::Ray => Err(Error::unsupported(format!(
                "{name} with --engine {}: it is for --engine ray",
                engine.name()
            ))),
            _ => Ok(()),
        }
    }
}

fn amounts(given: &[String]) -> Result<Vec<(String, f64)>> {
    let amount = |given: &String| {
        let (name, text) = pair(given, "a resource: write NAME=AMOUNT")?;
        let amount = text.parse().map_err(|_| {
            let message = format!("the amount of the resource `{name}` is a number, not `{text}`");
            Error::invalid_query(message)
        })?;
        Ok((name, amount))
    };
    given.iter().map(amount).collect()
}

fn milliseconds(name: &str, seconds: Option<f64>) -> Result<Option<u64>> {
    match seconds {
        Some(seconds) if !seconds.is_finite() || seconds < 0.0 => Err(Error::invalid_query(
            format!("{name} takes seconds, not less than 0"),
        )),
        seconds => Ok(seconds.map(|seconds| (seconds * 1e3) as u64)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use grism::ErrorKind;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn options(arguments: &str) -> Result<QueryOptions> {
        let words = std::iter::once("grism").chain(arguments.split_whitespace());
        let line = Line::try_parse_from(words).expect("arguments");
        line.settings.options(CancellationHandle::default())
    }

    #[test]
    fn arguments_become_the_options_of_queries() {
        let own = options(
            "--engine staged --threads 3 --memory-limit 1000 --timeout 1.5 --batch-rows 7 --partitions 5 --resource gpu=2",
        );
        let own = own.unwrap();
        assert_eq!(own.engine, Engine::Staged);
        assert_eq!(own.runtime.threads, 3);
        assert_eq!(own.runtime.memory_limit, Some(1000));
        assert_eq!(own.runtime.timeout_ms, Some(1500));
        assert_eq!(own.runtime.batch_rows, 7);
        assert_eq!(own.distributed.partitions, 5);
        let gpus = Resources::try_new([("gpu".to_owned(), 2.0)]).unwrap();
        assert_eq!(own.runtime.resources, gpus);
        let own =
            options("--engine ray --ray-address auto --workers 4 --threads 2 --resource-timeout 3")
                .unwrap();
        assert_eq!(own.engine, Engine::Ray);
        assert_eq!(
            (own.ray.address.as_str(), own.ray.workers),
            ("auto", Some(4))
        );
        assert_eq!(
            (own.ray.threads, own.ray.resource_timeout_ms),
            (Some(2), 3000)
        );
    }

    #[test]
    fn nothing_is_done_in_parts_of_no_size() {
        let own = options("--engine staged --threads 0 --batch-rows 0 --partitions 0").unwrap();
        assert_eq!(own.runtime.threads, 1);
        assert_eq!(own.runtime.batch_rows, 1);
        assert_eq!(own.distributed.partitions, 1);
    }

    #[test]
    fn settings_of_ray_are_refused_beside_another_engine() {
        for setting in [
            "--ray-address auto",
            "--workers 2",
            "--worker-module own",
            "--resource-timeout 1",
            "--python python3",
        ] {
            let error = options(setting).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{setting}");
            let name = setting.split(' ').next().unwrap_or_default();
            assert!(error.message().contains(name), "{error}");
            assert!(
                options(&format!("--engine ray {setting}")).is_ok(),
                "{setting}"
            );
        }
    }

    #[test]
    fn wrong_values_are_mistakes_of_the_caller() {
        for wrong in [
            "--engine hadoop",
            "--timeout -1",
            "--timeout NaN",
            "--timeout inf",
            "--resource gpu",
            "--resource gpu=many",
            "--resource gpu=-1",
        ] {
            let words = wrong.replacen(' ', "=", 1);
            let error = options(&words).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{wrong}: {error}");
        }
    }
}

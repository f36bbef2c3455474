//! The `grism` command.

mod arguments;
mod exit_code;
mod load;
mod maintain;
mod output;
mod parameter;
mod query;
mod shell;
mod tck;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};
use exit_code::exit_code;
use grism::ErrorKind;
use output::tell;

/// Binding and planning recurse as deep as a query is long; memory is only used as far as they do.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = grism::log_to_standard_error() {
        tell(format!("grism: {error}"));
        return exit_code(error.kind());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    let done = match runtime {
        // On a thread of the runtime, since the main thread's stack is not ours to size.
        Ok(runtime) => runtime.block_on(async { tokio::spawn(run(arguments)).await }),
        Err(error) => {
            tell(format!("grism: no threads: {error}"));
            return exit_code(ErrorKind::Unavailable);
        }
    };
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            tell(format!("grism: {error}"));
            exit_code(error.kind())
        }
        Err(error) => {
            tell(format!("grism: Internal: {error}"));
            exit_code(ErrorKind::Internal)
        }
    }
}

async fn run(arguments: Arguments) -> grism::Result<ExitCode> {
    match arguments.command {
        Command::Load(load) => load::load(*load).await?,
        Command::Query(query) if query.is_typed() => shell::shell(query.into_shell()).await?,
        Command::Query(query) => query::query(query).await?,
        Command::Shell(given) => shell::shell(given).await?,
        Command::Explain(explain) => query::explain(explain).await?,
        Command::Schema(schema) => query::schema(schema).await?,
        Command::Export(export) => maintain::export(export).await?,
        Command::Import(import) => maintain::import(import).await?,
        Command::Check(check) => {
            if !maintain::check(check).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::History(history) => maintain::history(history).await?,
        Command::Optimize(optimize) => maintain::optimize(optimize).await?,
        Command::Vacuum(vacuum) => maintain::vacuum(vacuum).await?,
        Command::Completions(given) => {
            let mut script = Vec::new();
            clap_complete::generate(given.shell, &mut Arguments::command(), "grism", &mut script);
            output::write_text(String::from_utf8_lossy(&script).trim_end())?;
        }
        Command::TckServer(server) => tck::serve(server).await?,
    }
    Ok(ExitCode::SUCCESS)
}

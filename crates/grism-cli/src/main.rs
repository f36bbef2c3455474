//! The `grism` command.

mod arguments;
mod exit_code;
mod interrupt;
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(async { tokio::spawn(run(arguments)).await });
            // What was cancelled may still be about to notice; the process does not wait for it.
            runtime.shutdown_background();
            done
        }
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

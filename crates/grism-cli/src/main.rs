//! The `grism` command.

mod arguments;
mod load;
mod output;
mod query;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Load(load) => load::load(load).await,
        Command::Query(query) => query::query(query).await,
        Command::Explain(explain) => query::explain(explain).await,
        Command::Schema(schema) => query::schema(schema).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grism: {error}");
            ExitCode::FAILURE
        }
    }
}

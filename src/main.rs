//! The `tcplens` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tcplens::cli::main()
}

//! The `tcplens` program.

use std::process::ExitCode;

/// Millions of small pieces come and go: a sixth of a run over many connections was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tcplens::cli::main()
}

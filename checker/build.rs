//! Has cargo compile the checker again when a starter changes: `include_dir!` alone does not.

fn main() {
    println!("cargo::rerun-if-changed=starters");
}

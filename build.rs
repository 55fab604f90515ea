//! Asks the linker for a smaller program: what it understands of [`WISHES`] is used for release builds, the rest is not.
//!
//! Whether it does is found out by linking (and running, where that can be) an empty program with the same compiler and
//! flags, so this works with every linker. What each wish is worth stands in `docs/measuring.md`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Each is used or not as a whole.
const WISHES: [&[&str]; 3] = [
    // Addresses that are set at the start are listed in 2 KB and not in 170. Needs glibc 2.36 or musl 1.2.4 to run.
    &["-Wl,-z,pack-relative-relocs"],
    // Functions with the same code are kept once (lld, gold, mold).
    &["-Wl,--icf=all"],
    // What runs at the start lies together; no tables for unwinding. {} is this folder.
    &["-Wl,-T,{}/link/layout.ld", "-Wl,--no-eh-frame-hdr"],
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link/layout.ld");
    // Tests and debuggers want their tables.
    if env::var("PROFILE").as_deref() != Ok("release") || env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for wish in WISHES {
        let flags: Vec<String> = wish.iter().map(|flag| flag.replace("{}", &folder)).collect();
        if works(&out, &flags) {
            for flag in &flags {
                println!("cargo::rustc-link-arg-bins={flag}");
            }
        }
    }
}

/// Whether a program that is linked with these flags comes into being and, on the machine for which it is, runs.
fn works(out: &Path, flags: &[String]) -> bool {
    let source = out.join("empty.rs");
    let program = out.join("empty");
    if std::fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let target = env::var("TARGET").expect("cargo sets it");
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets it"));
    rustc.arg("--edition=2021").arg("-Cpanic=abort").arg("--target").arg(&target).arg("-o").arg(&program).arg(&source);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut flag = std::ffi::OsString::from("-Clinker=");
        flag.push(linker);
        rustc.arg(flag);
    }
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(encoded.split('\u{1f}').filter(|flag| !flag.is_empty()));
    rustc.args(flags.iter().map(|flag| format!("-Clink-arg={flag}")));
    succeeds(&mut rustc) && (env::var("HOST").as_ref() != Ok(&target) || succeeds(&mut Command::new(program)))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

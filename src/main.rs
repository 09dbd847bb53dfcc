//! The `busbar` program: see the library `busbar` for the map.

fn main() -> std::process::ExitCode {
    busbar::boot::main()
}

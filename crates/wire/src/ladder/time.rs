//! Times as the drawings write them.

/// From this long on (in microseconds), a time in which nothing happens is drawn as a break.
pub(crate) const SILENCE: u64 = 200_000;

/// A moment, in milliseconds: `1030.5`.
pub(crate) fn moment(microseconds: u64) -> String {
    let tenths = microseconds / 100 + u64::from(microseconds % 100 >= 50);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// How long something takes, in the unit that suits it: `10 ms`, `1.0 s`, `3 min`.
pub(crate) fn span(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 if microseconds.is_multiple_of(1_000) => {
            format!("{} ms", microseconds / 1_000)
        }
        1_000..10_000 => format!("{:.1} ms", microseconds as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        1_000_000..120_000_000 => format!("{:.1} s", microseconds as f64 / 1e6),
        120_000_000..7_200_000_000 => format!("{} min", microseconds / 60_000_000),
        7_200_000_000..172_800_000_000 => format!("{} h", microseconds / 3_600_000_000),
        _ => format!("{} days", microseconds / 86_400_000_000),
    }
}

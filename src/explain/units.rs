//! Figures in words.

use std::time::Duration;

/// `512 B`, `1.5 KiB`, `3.0 MiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let mut scaled = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if scaled < 1024.0 {
            break;
        }
        scaled /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{scaled:.1} {unit}"),
    }
}

/// `0.02 ms`, `13.4 ms`, `2.41 s`.
pub(super) fn time(time: Duration) -> String {
    let milliseconds = milliseconds(time);
    match milliseconds {
        ..1.0 => format!("{milliseconds:.2} ms"),
        ..1000.0 => format!("{milliseconds:.1} ms"),
        _ => format!("{:.2} s", milliseconds / 1e3),
    }
}

/// `1 row`, `3 rows`.
pub(super) fn count(count: u64, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// Expected rows as an integer, however large.
pub(super) fn rounded(rows: f64) -> u64 {
    // A cast from a float saturates.
    rows.round() as u64
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_unit_that_suits_them() {
        assert_eq!(
            [0, 1023, 1536, 5 << 20].map(bytes),
            ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]
        );
        let times = [20, 13_400, 2_410_000].map(Duration::from_micros);
        assert_eq!(times.map(time), ["0.02 ms", "13.4 ms", "2.41 s"]);
        assert_eq!([1, 2].map(|own| count(own, "row")), ["1 row", "2 rows"]);
        assert_eq!([0.4, f64::INFINITY].map(rounded), [0, u64::MAX]);
    }
}

//! Tests of the running averages.

use super::super::names::PinType;
use super::*;

const T0: i64 = 1_700_000_040_000; // a full minute
const MINUTE: i64 = 60_000;
const V5: Pin = Pin::new(1, 0, PinType::Virtual, 5);

fn owner() -> Owner {
    Owner::new("a@b.cc", "Blynk")
}

fn of(appends: &[Append], granularity: Granularity) -> Vec<(f64, i64)> {
    let files = appends.iter().filter(|a| a.file.granularity == granularity);
    files.flat_map(|a| a.records.iter().map(|r| (r.value, r.ms))).collect()
}

#[test]
fn minutes_hours_and_days_average_the_original_values() {
    let mut averages = Averages::new(T0, 1);
    for (value, ms) in [(1.0, T0), (2.0, T0 + 59_999), (9.0, T0 + MINUTE)] {
        averages.record(&owner(), V5, value, ms);
    }
    assert!(averages.flush(T0 + MINUTE - 1).is_empty());
    let first = averages.flush(T0 + MINUTE);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].file, FileId { owner: owner(), pin: V5, granularity: Granularity::Minute });
    assert_eq!(first[0].records, [Record::new(1.5, T0)]);
    let later = averages.flush(T0 + 2 * 86_400_000);
    assert_eq!(of(&later, Granularity::Minute), [(9.0, T0 + MINUTE)]);
    assert_eq!(of(&later, Granularity::Hourly), [(4.0, T0 / 3_600_000 * 3_600_000)]);
    assert_eq!(of(&later, Granularity::Daily), [(4.0, T0 / 86_400_000 * 86_400_000)]);
    let order: Vec<_> = later.iter().map(|a| a.file.granularity).collect();
    assert_eq!(order, Granularity::ALL);
    assert_eq!(averages.pins(), 0);
    assert!(averages.flush(T0 + 3 * 86_400_000).is_empty());
}

#[test]
fn late_values_are_written_at_the_next_flush_in_order() {
    let now = T0 + 86_400_000 * 3;
    let mut averages = Averages::new(now, 1);
    averages.record(&owner(), V5, 5.0, now);
    for (value, ms) in [(9.0, T0 + MINUTE), (1.0, T0 + 1), (2.0, T0 + 2), (4.0, now + 1)] {
        averages.record(&owner(), V5, value, ms);
    }
    let appends = averages.flush(now + MINUTE);
    assert_eq!(of(&appends, Granularity::Minute), [(1.5, T0), (9.0, T0 + MINUTE), (4.5, now)]);
    assert_eq!(of(&appends, Granularity::Hourly), [(4.0, T0 / 3_600_000 * 3_600_000)]);
    assert_eq!(of(&appends, Granularity::Daily), [(4.0, T0 / 86_400_000 * 86_400_000)]);
}

#[test]
fn future_values_wait_for_their_time() {
    let mut averages = Averages::new(T0, 1);
    averages.record(&owner(), V5, 1.0, T0 + 10 * MINUTE);
    averages.record(&owner(), V5, 2.0, T0 + 1);
    averages.record(&owner(), V5, 3.0, T0 + 10 * MINUTE);
    assert_eq!(of(&averages.flush(T0 + MINUTE), Granularity::Minute), [(2.0, T0)]);
    assert!(averages.flush(T0 + 10 * MINUTE).is_empty());
    let appends = averages.flush(T0 + 11 * MINUTE);
    assert_eq!(of(&appends, Granularity::Minute), [(2.0, T0 + 10 * MINUTE)]);
}

#[test]
fn readers_see_what_waits() {
    let file = FileId { owner: owner(), pin: V5, granularity: Granularity::Minute };
    let mut averages = Averages::new(T0, 10);
    for minute in 0..3 {
        averages.record(&owner(), V5, minute as f64, T0 + minute * MINUTE);
        let is_written = !averages.flush(T0 + (minute + 1) * MINUTE).is_empty();
        assert_eq!(is_written, minute < 2);
    }
    assert_eq!(averages.unwritten(&file), [Record::new(2.0, T0 + 2 * MINUTE)]);
    let all = averages.flush_all(T0 + 3 * MINUTE);
    assert!(averages.unwritten(&file).is_empty());
    assert_eq!(averages.put_back(all), 0);
    assert_eq!(of(&averages.flush(T0 + 3 * MINUTE), Granularity::Minute), [(2.0, T0 + 2 * MINUTE)]);
}

#[test]
fn the_end_of_the_run_leaves_only_unfinished_sums() {
    let mut averages = Averages::new(T0, 10);
    averages.record(&owner(), V5, 1.0, T0);
    averages.record(&owner(), V5, 2.0, T0 + MINUTE);
    assert_eq!(of(&averages.flush_all(T0 + MINUTE + 1), Granularity::Minute), [(1.0, T0)]);
    let left = averages.unfinished();
    assert_eq!(left.len(), 3);
    let mut next = Averages::new(T0 + MINUTE + 2, 1);
    next.record(&owner(), V5, 4.0, T0 + MINUTE + 3);
    next.restore(left);
    let appends = next.flush(T0 + 2 * 86_400_000);
    assert_eq!(of(&appends, Granularity::Minute), [(3.0, T0 + MINUTE)]);
    assert_eq!(of(&appends, Granularity::Daily)[0].0, 7.0 / 3.0);
}

#[test]
fn broken_sums_are_not_restored() {
    let file = FileId { owner: owner(), pin: V5, granularity: Granularity::Minute };
    let mut averages = Averages::new(T0, 1);
    averages.restore([
        Unfinished { file: file.clone(), bucket: 1, sum: 1.0, count: 0 },
        Unfinished { file, bucket: 1, sum: f64::NAN, count: 1 },
    ]);
    assert!(averages.unfinished().is_empty());
}

#[test]
fn one_owner_cannot_fill_the_memory() {
    let mut averages = Averages::new(T0, 1);
    for i in 0..100_000 {
        averages.record(&owner(), V5, 1.0, T0 + i * 86_400_000);
    }
    let slots = 3;
    assert!(averages.unfinished().len() <= STRAYS_PER_OWNER as usize + slots);
    assert!(averages.dropped() > 0);
    for device in 0..50_000 {
        averages.record(&owner(), Pin { device, ..V5 }, 1.0, T0);
    }
    assert_eq!(averages.pins(), PINS_PER_OWNER as usize);
    let other = Owner::new("b@b.cc", "Blynk");
    averages.record(&other, V5, 1.0, T0);
    assert_eq!(averages.pins(), PINS_PER_OWNER as usize + 1);
    averages.flush(T0 + 400_000 * 86_400_000);
    assert_eq!(averages.pins(), 0);
    averages.record(&owner(), V5, 1.0, T0 + 400_000 * 86_400_000);
    assert_eq!(averages.pins(), 1);
}

#[test]
fn deleted_history_does_not_come_back() {
    let mut averages = Averages::new(T0, 10);
    let kept = Pin { device: 1, ..V5 };
    let other = Owner::new("a@b.cc", "MyApp");
    for ms in [T0, T0 - MINUTE] {
        averages.record(&owner(), V5, 1.0, ms);
        averages.record(&owner(), kept, 1.0, ms);
        averages.record(&other, V5, 1.0, ms);
    }
    averages.flush(T0);
    averages.forget(&owner(), |pin| pin.device == 0);
    let appends = averages.flush_all(T0 + 2 * 86_400_000);
    let mut files: Vec<_> = appends.iter().map(|a| (a.file.owner.clone(), a.file.pin.device)).collect();
    files.dedup();
    files.sort();
    files.dedup();
    assert_eq!(files, [(owner(), 1), (other, 0)]);
}

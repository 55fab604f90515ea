//! Values of the example profile.

use super::*;
use crate::model::testing::{fixture, text_of};
use PinType::{Analog, Digital, Virtual};

fn write(profile: &mut Profile, device: i32, pin_type: PinType, pin: u8, value: &str) -> Result<(), BadNumber> {
    profile.store_value(1, device, pin_type, pin, value, &Limits::default(), 5)
}

fn value(profile: &Profile, widget: i64) -> Option<&str> {
    profile.dash(1).unwrap().widget(widget).unwrap().kind.one_pin().unwrap().value.as_deref()
}

macro_rules! kind {
    ($profile:expr, $id:expr, $kind:ident) => {
        match &$profile.dash(1).unwrap().widget($id).unwrap().kind {
            Kind::$kind(fields) => fields,
            _ => panic!("widget {} is something else", $id),
        }
    };
}

#[test]
fn parts_end_with_the_last_that_is_not_empty() {
    let all = |text| parts(text).collect::<Vec<_>>();
    assert_eq!(all("a\0b\0\0c\0\0"), ["a", "b", "", "c"]);
    assert_eq!(all(""), [""]);
    assert_eq!(all("\0\0"), [""; 0]);
    assert_eq!(all("\0a"), ["", "a"]);
}

#[test]
fn pin_types_match_as_the_reference_did() {
    let mut profile = fixture();
    write(&mut profile, 0, Digital, 0, "700").unwrap();
    write(&mut profile, 0, Analog, 3, "11").unwrap();
    assert_eq!((value(&profile, 22), value(&profile, 8)), (Some("700"), Some("11")));
    assert_eq!(profile.dash(1).unwrap().updated_at, 5);
    // An analog write is not for a plain digital widget, and webhooks never hold values.
    write(&mut profile, 0, Analog, 1, "9").unwrap();
    write(&mut profile, 0, Virtual, 53, "9").unwrap();
    assert_eq!((value(&profile, 2), value(&profile, 62)), (Some("1"), None));
    assert_eq!(text_of(&profile, "1-0-a1"), ["9"]);
    assert_eq!(text_of(&profile, "1-0-v53"), ["9"]);
}

#[test]
fn a_terminal_remembers_lines_until_clr() {
    let mut profile = fixture();
    for line in ["a", "b b", "clr", "c", "d\0e"] {
        write(&mut profile, 0, Virtual, 13, line).unwrap();
    }
    assert_eq!(kind!(profile, 14, Terminal).lines, ["c", "d\0e"]);
    assert_eq!(value(&profile, 14), None);
    for i in 0..26 {
        write(&mut profile, 0, Virtual, 13, &i.to_string()).unwrap();
    }
    let lines = &kind!(profile, 14, Terminal).lines;
    assert_eq!((lines.len(), lines[0].as_str()), (25, "1"));
}

#[test]
fn an_advanced_lcd_remembers_six_commands() {
    let mut profile = fixture();
    for i in 0..8 {
        write(&mut profile, 0, Virtual, 25, &format!("p\x000\0{i}\0L{i}")).unwrap();
    }
    let lcd = kind!(profile, 26, Lcd);
    assert_eq!((lcd.lines.len(), lcd.lines[0].as_str()), (6, "p\x000\x002\0L2"));
    assert_eq!(lcd.pins[1].value.as_deref(), Some("p\x000\x007\0L7"));
    write(&mut profile, 0, Virtual, 23, "1").unwrap();
    assert!(kind!(profile, 25, Lcd).lines.is_empty());
}

#[test]
fn a_table_understands_its_commands() {
    let mut profile = fixture();
    for command in
        ["update\x001\0Pump\x004", "add\x000\0Gate\0shut", "add\x002\0short", "update\x009\0x\0y", "select\x001"]
    {
        write(&mut profile, 0, Virtual, 31, command).unwrap();
    }
    let rows: Vec<_> = kind!(profile, 33, Table)
        .rows
        .iter()
        .map(|r| (r.id, r.name.as_deref().unwrap(), r.value.as_deref().unwrap(), r.is_selected))
        .collect();
    assert_eq!(rows, [(0, "Gate", "shut", true), (1, "Pump", "4", true)]);
    for bad in ["add\0x\0a\x001", "update\0\0a\x001", "pick\0first", "select\x001.5"] {
        assert_eq!(write(&mut profile, 0, Virtual, 31, bad), Err(BadNumber), "{bad:?}");
        assert_eq!(value(&profile, 33), Some("select\x001"));
    }
    for i in 0..101 {
        write(&mut profile, 0, Virtual, 31, &format!("add\0{}\0n\0v", 10 + i)).unwrap();
    }
    let rows = &kind!(profile, 33, Table).rows;
    assert_eq!((rows.len(), rows[0].id, rows[99].id), (100, 11, 110));
    write(&mut profile, 0, Virtual, 31, "pick\x0077").unwrap();
    assert_eq!(kind!(profile, 33, Table).current_row_index, 77);
    write(&mut profile, 0, Virtual, 31, "clr").unwrap();
    assert!(kind!(profile, 33, Table).rows.is_empty());
    assert_eq!(kind!(profile, 33, Table).current_row_index, 0);
    write(&mut profile, 0, Virtual, 31, "\0").unwrap();
    assert_eq!(value(&profile, 33), Some("clr"));
}

#[test]
fn a_map_remembers_points() {
    let mut profile = fixture();
    for point in ["1\x0050.45\x0030.52\0Kyiv", "2\x0052.5\x0013.4\0Berlin"] {
        write(&mut profile, 0, Virtual, 33, point).unwrap();
    }
    assert_eq!(kind!(profile, 35, Map).lines.len(), 2);
    write(&mut profile, 0, Virtual, 33, "clr").unwrap();
    assert!(kind!(profile, 35, Map).lines.is_empty());
    assert_eq!(value(&profile, 35), None);
}

#[test]
fn player_and_multi_pin_widgets() {
    let mut profile = fixture();
    let playing = |profile: &Profile| kind!(profile, 32, Player).is_on_play;
    for (command, wanted) in [("stop", false), ("next", false), ("play", true), ("prev", true)] {
        write(&mut profile, 0, Virtual, 30, command).unwrap();
        assert_eq!((playing(&profile), value(&profile, 32)), (wanted, Some(command)));
    }
    write(&mut profile, 0, Virtual, 6, "1\x002\x003").unwrap();
    assert!(kind!(profile, 9, Rgb).pins.iter().all(|p| p.value.as_deref() == Some("1\x002\x003")));
    write(&mut profile, 1, Virtual, 8, "5").unwrap();
    let split: Vec<_> = kind!(profile, 10, Rgb).pins.iter().map(|p| p.value.as_deref().unwrap()).collect();
    assert_eq!(split, ["10", "5", "30"]);
}

#[test]
fn a_time_input_takes_its_parts() {
    let mut profile = fixture();
    let cases = [
        ("28800\x0061200\0Europe/Kiev\x001,2,5", 28800, 61200, "Europe/Kiev", Some(vec![1, 2, 5])),
        ("ss\0sr\0UTC", -2, -3, "UTC", None),
        ("\0\0Europe/Paris\x007", -1, -1, "Europe/Paris", Some(vec![7])),
        ("60\x00120", -1, -1, "Europe/Paris", Some(vec![7])),
        ("0\0\0UTC\0", 0, -1, "UTC", None),
        ("0\0\0UTC\x001,,", 0, -1, "UTC", Some(vec![1])),
        ("0\0\0UTC\0,", 0, -1, "UTC", Some(vec![])),
    ];
    for (text, start, stop, zone, days) in cases {
        write(&mut profile, 0, Virtual, 17, text).unwrap();
        let input = kind!(profile, 18, TimeInput);
        assert_eq!((input.start_at, input.stop_at, input.tz_name.id()), (start, stop, zone), "{text:?}");
        assert_eq!((&input.days, value(&profile, 18)), (&days, Some(text)));
    }
    assert_eq!(write(&mut profile, 0, Virtual, 17, "8:00\x009\0UTC"), Err(BadNumber));
    assert_eq!(value(&profile, 18), Some("8:00\x009\0UTC"));
    for days in ["x", "1,,2", ",1", "1, 2"] {
        assert_eq!(write(&mut profile, 0, Virtual, 17, &format!("1\x002\0UTC\0{days}")), Err(BadNumber), "{days}");
        assert_eq!(kind!(profile, 18, TimeInput).days, Some(vec![]), "as before");
    }
}

#[test]
fn the_first_tile_of_the_device_takes_the_value() {
    let mut profile = fixture();
    write(&mut profile, 1, Virtual, 60, "22").unwrap();
    let tiles = kind!(profile, 60, Tiles);
    assert_eq!(tiles.tile_stream(1, Virtual, 60).unwrap().value.as_deref(), Some("22"));
    assert!(text_of(&profile, "1-1-v60").is_empty());
    // Device 0 has no tile with this pin.
    write(&mut profile, 0, Virtual, 60, "1").unwrap();
    assert_eq!(text_of(&profile, "1-0-v60"), ["1"]);
}

#[test]
fn values_without_widget_go_to_the_storage_in_the_kind_of_their_selector_or_template_widget() {
    let mut profile = fixture();
    for value in ["a", "clr"] {
        write(&mut profile, 0, Virtual, 41, value).unwrap(); // TERMINAL on a selector
        write(&mut profile, 0, Virtual, 40, value).unwrap(); // display on a selector
        write(&mut profile, 2, Virtual, 62, value).unwrap(); // TERMINAL in a template of device 2
        write(&mut profile, 0, Virtual, 62, value).unwrap(); // but not of device 0
        write(&mut profile, 0, Virtual, 43, value).unwrap(); // LCD on a selector
    }
    assert_eq!(text_of(&profile, "1-0-v41"), ["a", "clr"]);
    assert_eq!(text_of(&profile, "1-0-v40"), ["clr"]);
    assert_eq!(text_of(&profile, "1-2-v62"), ["a", "clr"]);
    assert_eq!(text_of(&profile, "1-0-v62"), ["clr"]);
    assert_eq!(text_of(&profile, "1-0-v43"), ["p\x000\x000\0Hello", "p\x000\x001\0World", "a", "clr"]);
    for i in 0..9 {
        write(&mut profile, 0, Virtual, 43, &i.to_string()).unwrap();
    }
    assert_eq!(text_of(&profile, "1-0-v43").len(), 6);
    // A device that the selector does not list gets a single value.
    write(&mut profile, 77, Virtual, 41, "a").unwrap();
    write(&mut profile, 77, Virtual, 41, "b").unwrap();
    assert_eq!(text_of(&profile, "1-77-v41"), ["b"]);
    // A tag's own value goes to the widget bound to the tag.
    write(&mut profile, 100_000, Virtual, 45, "0").unwrap();
    assert_eq!(value(&profile, 59), Some("0"));
    assert_eq!(profile.store_value(99, 0, Virtual, 1, "x", &Limits::default(), 5), Ok(()));
}

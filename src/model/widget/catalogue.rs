//! The catalogue of spec 03 §9 as a table, and what every row claims: price, fields with their order and defaults, pin mode,
//! properties, and what syncs say of a value.

use crate::model::enums::Property;
use crate::model::json::{from_str, to_string, Audience, Name, Reading, TaggedSeed};
use crate::model::sync::SyncMessage;
use crate::model::widget::{Widget, WidgetType};
use crate::model::{Dashboard, Limits, PinType, Profile};
use Family::{Multi, NoPin, One, Reads};

#[derive(Clone, Copy, PartialEq)]
enum Family {
    One,
    /// One-pin, asks its device for values.
    Reads,
    Multi,
    /// No pin, or a composite.
    NoPin,
}

/// Type, price, family, pin mode, own fields as they are by default, own fields all given, further properties.
type Row = (&'static str, i32, Family, &'static str, &'static str, &'static str, &'static str);

const SLIDER: &str = r#""sendOnReleaseOn":false,"frequency":0,"maximumFractionDigits":0,"showValueOn":true"#;
const SLIDER_FULL: &str = r#""sendOnReleaseOn":true,"frequency":5,"maximumFractionDigits":2,"showValueOn":false"#;
const STEP: &str =
    r#""step":0.0,"isArrowsOn":false,"isLoopOn":false,"isSendStep":false,"frequency":0,"showValueOn":true"#;
const STEP_FULL: &str =
    r#""step":0.5,"isArrowsOn":true,"isLoopOn":true,"isSendStep":true,"frequency":5,"showValueOn":false"#;
const LEVEL: &str = r#""isAxisFlipOn":false,"showValueOn":true"#;
const LEVEL_FULL: &str = r#""isAxisFlipOn":true,"showValueOn":false"#;
const RATE: &str = r#""frequency":0"#;
const RATE_FULL: &str = r#""frequency":5"#;
const FONT: &str = r#""fontSize":"LARGE""#;
const BLUE: &str = r#""deviceId":0"#;
const BLUE_FULL: &str = r#""name":"n","deviceId":4"#;

#[rustfmt::skip]
const ROWS: [Row; 55] = [
    ("BUTTON", 200, One, "out", r#""pushMode":false"#, r#""pushMode":true,"onLabel":"a","offLabel":"b","fontSize":"AUTO""#, "onLabel offLabel"),
    ("STYLED_BUTTON", 300, One, "out", r#""pushMode":false,"lockSize":false"#, r#""pushMode":true,"onButtonState":{"text":"t","textColor":1,"backgroundColor":2,"iconName":"i"},"offButtonState":{"textColor":0,"backgroundColor":0},"fontSize":"SMALL","edge":"PILL","buttonStyle":"OUTLINE","lockSize":true"#, "onLabel offLabel onColor offColor onBackColor offBackColor"),
    ("LINK_BUTTON", 500, NoPin, "", r#""lockSize":false,"showAddressBar":false,"showNavigationBar":false,"allowInBrowser":false"#, r#""url":"u","onButtonState":{"textColor":0,"backgroundColor":0},"offButtonState":{"textColor":0,"backgroundColor":0},"fontSize":"MEDIUM","edge":"TEXT","buttonStyle":"SOLID","lockSize":true,"showAddressBar":true,"showNavigationBar":true,"allowInBrowser":true"#, ""),
    ("TEXT_INPUT", 400, One, "out", r#""limit":0"#, r#""hint":"h","limit":9,"fontSize":"AUTO""#, ""),
    ("NUMBER_INPUT", 400, One, "out", r#""step":0.0,"isLoopOn":false"#, r#""suffix":"s","step":0.5,"isLoopOn":true,"fontSize":"LARGE""#, "suffix"),
    ("SLIDER", 200, One, "out", SLIDER, SLIDER_FULL, "maximumFractionDigits"),
    ("VERTICAL_SLIDER", 200, One, "out", SLIDER, SLIDER_FULL, "maximumFractionDigits"),
    ("RGB", 400, Multi, "out", r#""splitMode":false,"sendOnReleaseOn":false,"frequency":0"#, r#""splitMode":true,"sendOnReleaseOn":true,"frequency":5"#, ""),
    ("TIMER", 200, One, "out", r#""startTime":-1,"stopTime":-1"#, r#""startTime":60,"startValue":"1","stopTime":120,"stopValue":"0","fontSize":"LARGE""#, ""),
    ("TWO_AXIS_JOYSTICK", 400, Multi, "out", r#""split":false,"autoReturnOn":false,"portraitLocked":false,"frequency":0"#, r#""split":false,"autoReturnOn":true,"portraitLocked":true,"frequency":5"#, ""),
    ("TERMINAL", 200, One, "", r#""autoScrollOn":false,"terminalInputOn":false,"textLightOn":false,"attachNewLine":false"#, r#""autoScrollOn":true,"terminalInputOn":true,"textLightOn":true,"attachNewLine":true"#, ""),
    ("STEP", 500, One, "out", STEP, STEP_FULL, "step"),
    ("VERTICAL_STEP", 500, One, "out", STEP, STEP_FULL, "step"),
    ("QR", 200, One, "out", "", "", ""),
    ("TIME_INPUT", 200, One, "out", r#""startAt":-1,"stopAt":-1,"isStartStopAllowed":false,"isDayOfWeekAllowed":false,"isSunsetSunriseAllowed":false,"isTimezoneAllowed":false"#, r#""format":"f","days":[1,7],"startAt":60,"stopAt":-2,"tzName":"Europe/Kiev","isStartStopAllowed":true,"isDayOfWeekAllowed":true,"isSunsetSunriseAllowed":true,"isTimezoneAllowed":true"#, ""),
    ("SEGMENTED_CONTROL", 400, One, "out", "", r#""labels":["a",null,""],"fontSize":"LARGE""#, "labels"),
    ("SWITCH", 200, One, "out", r#""offBackgroundColor":0,"onBackgroundColor":0,"handleColor":0"#, r#""onLabel":"a","offLabel":"b","offBackgroundColor":1,"onBackgroundColor":2,"handleColor":3,"fontSize":"LARGE""#, "onLabel offLabel"),
    ("LED", 100, One, "in", "", "", ""),
    ("DIGIT4_DISPLAY", 200, Reads, "in", "", FONT, ""),
    ("LABELED_VALUE_DISPLAY", 400, Reads, "in", "", r#""textAlignment":"MIDDLE","valueFormatting":"f","fontSize":"LARGE""#, "valueFormatting"),
    ("GAUGE", 300, Reads, "in", "", r#""valueFormatting":"f","fontSize":"LARGE""#, "valueFormatting"),
    ("LCD", 400, Multi, "in", r#""advancedMode":false,"textLight":false,"frequency":0"#, r#""advancedMode":false,"textFormatLine1":"a","textFormatLine2":"b","textLight":true,"frequency":5"#, ""),
    ("LEVEL_DISPLAY", 200, Reads, "in", LEVEL, LEVEL_FULL, ""),
    ("VERTICAL_LEVEL_DISPLAY", 200, Reads, "in", LEVEL, LEVEL_FULL, ""),
    ("VIDEO", 500, One, "", r#""forceTCP":false"#, r#""url":"u","forceTCP":true"#, "url"),
    ("ENHANCED_GRAPH", 900, NoPin, "", r#""showTitle":false,"showLegend":false,"yAxisValues":false,"xAxisValues":false,"showXAxis":false,"allowFullScreen":false,"overrideYAxis":false,"hideGradient":false,"yAxisMin":0.0,"yAxisMax":0.0,"isPercentMaxMin":false,"selectedPeriods":["LIVE","ONE_HOUR","SIX_HOURS","N_DAY","N_WEEK","N_MONTH","N_THREE_MONTHS"]"#, r#""dataStreams":[{"title":"t","graphType":"BAR","color":1,"targetId":100000,"pin":{"pin":7,"pwmMode":false,"rangeMappingOn":false,"pinType":"DIGITAL","min":0.0,"max":0.0},"functionType":"MED","flip":1,"low":"l","high":"h","mathFormula":"m","yAxisMin":1.0,"yAxisMax":2.0,"showYAxis":true,"suffix":"s","cubicSmoothingEnabled":true,"connectMissingPointsEnabled":true,"isPercentMaxMin":true,"yAxisScale":"DELTA","delta":0.5,"userDeltaModifyAllowed":true,"maximumFractionDigits":3}],"period":"TWO_WEEKS","textAlignment":"RIGHT","fontSize":"LARGE","stacking":"STACK_100","showTitle":true,"showLegend":true,"yAxisValues":true,"xAxisValues":true,"showXAxis":true,"allowFullScreen":true,"overrideYAxis":true,"hideGradient":true,"yAxisMin":1.0,"yAxisMax":2.0,"isPercentMaxMin":true,"goalText":"g","goalLine":"BELOW_GOAL","lineType":"DASH","selectedPeriods":["SIX_MONTHS","ONE_YEAR"]"#, ""),
    ("GPS_TRIGGER", 500, One, "out", r#""triggerOnEnter":false,"triggerLat":0.0,"triggerLon":0.0,"triggerRadius":0,"accuracy":0"#, r#""triggerOnEnter":true,"triggerLat":50.5,"triggerLon":30.25,"triggerRadius":100,"accuracy":3"#, ""),
    ("GPS_STREAMING", 500, One, "out", r#""accuracy":0,"frequency":0,"interval":0"#, r#""accuracy":1,"frequency":5,"interval":60000000000"#, ""),
    ("LIGHT", 300, One, "out", RATE, RATE_FULL, ""),
    ("PROXIMITY", 300, One, "out", RATE, RATE_FULL, ""),
    ("TEMPERATURE", 300, One, "out", r#""isCelsius":false,"frequency":0"#, r#""isCelsius":true,"frequency":5"#, ""),
    ("ACCELEROMETER", 400, One, "out", RATE, RATE_FULL, ""),
    ("GRAVITY", 300, One, "out", RATE, RATE_FULL, ""),
    ("BAROMETER", 300, One, "out", RATE, RATE_FULL, ""),
    ("HUMIDITY", 300, One, "out", RATE, RATE_FULL, ""),
    ("TWITTER", 0, NoPin, "", "", r#""token":"t","secret":"s","username":"u""#, ""),
    ("EMAIL", 100, NoPin, "", r#""contentType":"TEXT_HTML""#, r#""to":"a@b.cc","contentType":"TEXT_PLAIN""#, ""),
    ("NOTIFICATION", 400, NoPin, "", r#""notifyWhenOffline":false,"notifyWhenOfflineIgnorePeriod":0,"priority":"normal""#, r#""androidTokens":{"u":"t"},"iOSTokens":{"v":"w"},"notifyWhenOffline":true,"notifyWhenOfflineIgnorePeriod":60000,"priority":"high","soundUri":"s""#, ""),
    ("SMS", 100, NoPin, "", "", r#""to":"+49""#, ""),
    ("MENU", 400, One, "out", r#""iconColor":0"#, r#""labels":["a",null,""],"hint":"h","alignment":"RIGHT","fontSize":"LARGE","iconColor":1"#, "labels"),
    ("TABS", 0, NoPin, "", r#""activeTxtColor":0,"underlineColor":0,"textColor":0"#, r#""tabs":[{"id":1,"label":"a"},{"id":2}],"activeTxtColor":1,"underlineColor":2,"textColor":3"#, ""),
    ("PLAYER", 400, One, "out", r#""isOnPlay":false"#, r#""isOnPlay":true"#, "isOnPlay"),
    ("TABLE", 800, One, "out", r#""currentRowIndex":0,"isReoderingAllowed":false,"isClickableRows":false"#, r#""columns":[{"name":"c"}],"rows":[{"id":1,"name":"n","value":"v","isSelected":true},{"id":2,"isSelected":false}],"currentRowIndex":1,"isReoderingAllowed":true,"isClickableRows":true"#, ""),
    ("IMAGE", 600, One, "in", r#""opacity":0,"scale":0,"rotation":0"#, r#""source":"ALBUM","scaling":"FIT","urls":["a",null,""],"opacity":1,"scale":2,"rotation":3"#, "opacity scale rotation urls url"),
    ("REPORT", 0, NoPin, "", r#""allowEndUserToDeleteDataOn":false,"fontSize":"MEDIUM","edge":"ROUNDED","buttonStyle":"SOLID","textColor":0"#, r#""reportSources":[{"type":"TILE_TEMPLATE","templateId":1,"deviceIds":[0],"reportDataStreams":[{"pin":5,"pinType":"VIRTUAL","label":"T","isSelected":true}]}],"allowEndUserToDeleteDataOn":true,"fontSize":"LARGE","edge":"SHARP","buttonStyle":"OUTLINE","textColor":3,"reports":[{"id":1,"name":"n","reportSources":[{"type":"DEVICE","deviceIds":[0]}],"reportType":{"type":"MONTHLY","atTime":1,"durationType":"CUSTOM","startTs":2,"endTs":3,"dayOfMonth":"LAST"},"recipients":"a@b.cc","granularityType":"HOURLY","isActive":true,"reportOutput":"MERGED_CSV","format":"TS","tzName":"UTC","nextReportAt":4,"lastReportAt":5,"lastRunResult":"OK"}]"#, ""),
    ("TEXT", 100, NoPin, "", r#""textSize":"AUTO""#, r#""textSize":"SMALL","alignment":"MIDDLE","text":"t""#, ""),
    ("RTC", 100, NoPin, "", "", r#""tzName":"Europe/Kiev""#, ""),
    ("BRIDGE", 100, NoPin, "", "", "", ""),
    ("BLUETOOTH", 0, NoPin, "", BLUE, BLUE_FULL, ""),
    ("BLUETOOTH_SERIAL", 0, NoPin, "", BLUE, BLUE_FULL, ""),
    ("EVENTOR", 500, NoPin, "out", r#""deviceId":0"#, r#""rules":[{"triggerPin":{"pin":1,"pwmMode":false,"rangeMappingOn":false,"pinType":"VIRTUAL","min":0.0,"max":0.0},"condition":{"type":"BETWEEN","left":1.0,"right":2.5},"actions":[{"type":"SETPIN","pin":{"pin":7,"pwmMode":false,"rangeMappingOn":false,"pinType":"DIGITAL","min":0.0,"max":0.0},"value":"1","setPinType":"CUSTOM"},{"type":"SET_PROP","property":"ON_BACK_COLOR","value":"0x112233"},{"type":"MAIL","subject":"s","message":"m"}],"isActive":true},{"triggerTime":{"id":1,"days":[1,7],"time":60,"tzName":"UTC"},"condition":{"type":"STR_EQUAL","value":"x"},"actions":[{"type":"NOTIFY","message":"m"},{"type":"TWIT","message":"m"}],"isActive":false}],"deviceId":3"#, ""),
    ("MAP", 600, One, "in", r#""isPinToLatestPoint":false,"isMyLocationSupported":false,"isSatelliteMode":false,"radius":0,"lat":0.0,"lon":0.0"#, r#""isPinToLatestPoint":true,"isMyLocationSupported":true,"isSatelliteMode":true,"labelFormat":"f","radius":5,"lat":50.5,"lon":30.25"#, ""),
    ("DEVICE_SELECTOR", 1900, NoPin, "", r#""value":0,"iconColor":0,"showIcon":false"#, r#""value":3,"deviceIds":[1,2],"fontSize":"LARGE","iconColor":1,"showIcon":true,"hint":"h""#, ""),
    ("DEVICE_TILES", 1700, NoPin, "", r#""rows":0,"columns":0,"alignment":"LEFT","disableWhenOffline":false,"stretchToBottom":false"#, r#""templates":[{"mode":"PAGE","id":1,"widgets":[{"type":"QR","id":9,"x":0,"y":0,"color":0,"width":0,"height":0,"tabId":0,"isDefaultColor":false,"deviceId":-1,"pin":-1,"pwmMode":false,"rangeMappingOn":false,"min":0.0,"max":0.0}],"deviceIds":[3],"templateId":"TMPL1","name":"n","iconName":"i","boardType":"ESP8266","showDeviceName":true,"valueName":"v","valueFormatting":"f","valueSuffix":"s","color":1,"tileColor":2,"fontSize":"LARGE","showTileLabel":true,"maximumFractionDigits":3,"pin":{"pin":7,"pwmMode":false,"rangeMappingOn":false,"pinType":"DIGITAL","min":0.0,"max":0.0}},{"mode":"BUTTON","id":2,"showDeviceName":false,"pushMode":true,"labelsVisibility":true,"stateOn":{"tileColor":1,"iconName":"i","iconColor":2,"text":"t","textColor":3},"stateOff":{"tileColor":0,"iconColor":0,"textColor":0}},{"mode":"DIMMER","id":3,"showDeviceName":false,"valueName":"v","valueFormatting":"f","valueSuffix":"s","color":1,"tileColor":2,"showTileLabel":true,"maximumFractionDigits":3,"levelColor":4,"interaction":"STEP","step":0.5}],"tiles":[{"deviceId":3,"templateId":1,"iconName":"i","pin":{"pin":7,"pwmMode":false,"rangeMappingOn":false,"pinType":"DIGITAL","value":"5","min":0.0,"max":0.0}}],"rows":1,"columns":2,"sortType":"STATUS_OK","alignment":"MIDDLE","disableWhenOffline":true,"stretchToBottom":true"#, ""),
    ("WEBHOOK", 500, One, "", r#""method":"GET""#, r#""url":"u","method":"POST","headers":[{"name":"n","value":"v"}],"body":"b""#, ""),
];

const ONE: &str = r#""deviceId":0,"pin":-1,"pwmMode":false,"rangeMappingOn":false,"min":0.0,"max":0.0"#;
const ONE_FULL: &str = concat!(
    r#""deviceId":3,"pinType":"DIGITAL","pin":7,"pwmMode":false,"rangeMappingOn":true,"min":1.5,"max":70.0,"#,
    r#""value":"5""#
);
const STREAMS: &str = concat!(
    r#""pins":[{"pin":7,"pwmMode":false,"rangeMappingOn":true,"pinType":"DIGITAL","value":"5","min":0.0,"max":9.0,"#,
    r#""label":"l"},{"pin":8,"pwmMode":false,"rangeMappingOn":false,"pinType":"DIGITAL","value":"6","min":0.0,"max":0.0}]"#
);

/// Fields in the order in which they are written.
fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(",")
}

fn defaults((name, _, family, _, own, ..): &Row) -> String {
    let (width, height) = if *name == "EVENTOR" { (2, 1) } else { (0, 0) };
    let tab = if *name == "TABS" { -1 } else { 0 };
    let common = format!(
        r#""type":"{name}","id":1,"x":0,"y":0,"color":0,"width":{width},"height":{height},"tabId":{tab},"isDefaultColor":false"#
    );
    let family = match family {
        One => ONE.into(),
        Reads => joined(&[ONE, RATE]),
        Multi => r#""deviceId":0"#.into(),
        NoPin => String::new(),
    };
    format!("{{{}}}", joined(&[&common, &family, own]))
}

fn full((name, _, family, _, _, own, _): &Row) -> String {
    let common = format!(
        r#""type":"{name}","id":1,"x":2,"y":3,"color":4,"width":5,"height":6,"tabId":7,"label":"l","isDefaultColor":true"#
    );
    let (before, after) = match family {
        One => (ONE_FULL.into(), ""),
        Reads => (joined(&[ONE_FULL, RATE_FULL]), ""),
        Multi => (r#""deviceId":3"#.into(), STREAMS),
        NoPin => (String::new(), ""),
    };
    format!("{{{}}}", joined(&[&common, &before, own, after]))
}

fn read(json: &str) -> Widget {
    from_str(json, TaggedSeed::new(&Reading::strict())).unwrap().unwrap()
}

#[test]
fn every_type_has_its_row() {
    let names: Vec<&str> = WidgetType::NAMES.iter().map(|(name, _)| *name).collect();
    assert!(names.iter().all(|name| ROWS.iter().any(|row| row.0 == *name)) && names.len() == ROWS.len());
}

#[test]
fn fields_defaults_and_prices() {
    for row in &ROWS {
        let fresh = read(&format!(r#"{{"type":"{}","id":1}}"#, row.0));
        assert_eq!(to_string(&fresh, Audience::Owner), defaults(row));
        assert_eq!(fresh.price(), row.1, "{}", row.0);
        let full = full(row);
        assert_eq!(to_string(&read(&full), Audience::Owner), full);
    }
    let price = |name| read(&full(ROWS.iter().find(|row| row.0 == name).unwrap())).price();
    assert_eq!((price("REPORT"), price("DEVICE_TILES")), (2900, 1900));
}

#[test]
fn properties() {
    for row in &ROWS {
        for (name, property) in Property::NAMES {
            let value = match name {
                name if name.to_lowercase().ends_with("color") => "#010203",
                &"url" | &"urls" | &"labels" => "1\0x",
                &"isOnPlay" => "false",
                _ => "9",
            };
            let has_range = matches!(row.2, One | Reads) && ["min", "max"].contains(name);
            let supported =
                ["label", "color"].contains(name) || has_range || row.6.split(' ').any(|further| further == *name);
            let mut widget = read(&full(row));
            let before = widget.clone();
            assert_eq!(widget.set_property(*property, value), Ok(supported), "{} {name}", row.0);
            assert_eq!(widget != before, supported, "{} {name}", row.0);
        }
    }
}

#[test]
fn values_syncs_and_pin_modes() {
    for row in &ROWS {
        let name = row.0;
        let mut dash = Dashboard { id: 1, widgets: vec![read(&full(row))].into(), ..Dashboard::default() };
        let taken = dash.deliver(3, PinType::Digital, 7, "5", &Limits::default()).unwrap();
        assert_eq!(taken, (row.2 != NoPin || name == "DEVICE_TILES") && name != "WEBHOOK", "{name}");
        let modes = match (row.3, row.2) {
            ("", _) => None,
            (mode, Multi) => Some(format!("pm\07\0{mode}\08\0{mode}")),
            (mode, _) => Some(format!("pm\07\0{mode}")),
        };
        assert_eq!(dash.pin_mode_body(3), modes, "{name}");
        let profile = Profile { dashboards: vec![dash], ..Profile::default() };
        let app: &[&str] = match (name, row.2) {
            ("VIDEO" | "WEBHOOK", _) => &[],
            ("TERMINAL", _) => &["dm\07\05"],
            ("TABLE", _) => &["dm\07\0add\01\0n\0v\0true\0add\02\0null\0null\0false"],
            ("RGB" | "LCD", _) => &["dw\07\05", "dw\08\06"],
            ("DEVICE_TILES", _) | (_, One | Reads | Multi) => &["dw\07\05"],
            _ => &[],
        };
        let sent: Vec<SyncMessage> = profile.app_sync(1, Some(3));
        assert_eq!(sent.iter().map(|(_, body)| &body[4..]).collect::<Vec<_>>(), app, "{name}");
        assert!(sent.iter().all(|(_, body)| body.starts_with("1-3\0")), "{name}");
        assert!(profile.app_sync(1, Some(4)).is_empty(), "{name}");
        let is_sensor = matches!(
            name,
            "GPS_TRIGGER"
                | "GPS_STREAMING"
                | "LIGHT"
                | "PROXIMITY"
                | "TEMPERATURE"
                | "ACCELEROMETER"
                | "GRAVITY"
                | "BAROMETER"
                | "HUMIDITY"
        );
        let hardware: &[&str] = match name {
            _ if is_sensor => &[],
            "TERMINAL" => &["dw\07\05"],
            "LCD" | "TABLE" | "MAP" => &[],
            _ => app,
        };
        assert_eq!(profile.hardware_sync(1, 3), hardware, "{name}");
        assert!(profile.hardware_sync(1, 4).is_empty(), "{name}");
    }
}

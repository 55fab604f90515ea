//! Constants that appear in profiles, in the reference's ordinal order.

use crate::json_enum;

json_enum!(
    /// Look of a project.
    Theme, default Blynk {
        BlynkLower = "blynk", Blynk = "Blynk", BlynkLight = "BlynkLight", SparkFun = "SparkFun", AppTheme = "AppTheme",
        CustomTheme = "CustomTheme", AppExport = "AppExport",
    }
);
json_enum!(
    /// How devices of a published app get their tokens.
    ProvisionType, default Static { Static = "STATIC", Dynamic = "DYNAMIC" }
);
json_enum!(
    /// Whether a device is connected.
    DeviceStatus, default Offline { Online = "ONLINE", Offline = "OFFLINE" }
);
json_enum!(
    /// How a device is connected.
    ConnectionType, default Ethernet {
        Ethernet = "ETHERNET", WiFi = "WI_FI", Usb = "USB", Bluetooth = "BLUETOOTH", Ble = "BLE", Gsm = "GSM",
    }
);
json_enum!(
    /// Size of a widget's text.
    FontSize, default Auto { Large = "LARGE", Medium = "MEDIUM", Small = "SMALL", Auto = "AUTO" }
);
json_enum!(
    /// Corners of a button.
    Edge, default Rounded { Rounded = "ROUNDED", Sharp = "SHARP", Pill = "PILL", Text = "TEXT" }
);
json_enum!(
    /// Filling of a button.
    ButtonStyle, default Solid { Solid = "SOLID", Outline = "OUTLINE" }
);
json_enum!(
    /// Alignment of a text.
    TextAlignment, default Left { Left = "LEFT", Right = "RIGHT", Middle = "MIDDLE" }
);
json_enum!(
    /// Form of the EMAIL widget's mails.
    ContentType, default Html { Html = "TEXT_HTML", Plain = "TEXT_PLAIN" }
);
json_enum!(
    /// Priority of push messages.
    PushPriority, default Normal { Normal = "normal", High = "high" }
);
json_enum!(
    /// Where an IMAGE widget's pictures come from.
    ImageSource, default Url { Url = "URL", Album = "ALBUM", Predefined = "PREDEFINED" }
);
json_enum!(
    /// How an IMAGE widget scales its pictures.
    ImageScaling, default None { None = "NONE", Fill = "FILL", Fit = "FIT" }
);
json_enum!(
    /// HTTP method of a WEBHOOK widget.
    WebhookMethod, default Get { Post = "POST", Get = "GET", Put = "PUT", Delete = "DELETE" }
);
json_enum!(
    /// Stacking of a graph's streams.
    Stacking, default NoStacking { NoStacking = "NO_STACKING", Stack = "STACK", Stack100 = "STACK_100" }
);
json_enum!(
    /// Goal line of a graph.
    GoalLine, default Goal { Goal = "GOAL", AboveGoal = "ABOVE_GOAL", BelowGoal = "BELOW_GOAL" }
);
json_enum!(
    /// Style of a graph's goal line.
    LineType, default Line { Line = "LINE", Dash = "DASH" }
);
json_enum!(
    /// Form of one graph stream.
    GraphType, default Line { Line = "LINE", FilledLine = "FILLED_LINE", Bar = "BAR", Binary = "BINARY" }
);
json_enum!(
    /// How values of several devices become one.
    GraphFunction, default Avg { Min = "MIN", Max = "MAX", Avg = "AVG", Sum = "SUM", Med = "MED" }
);
json_enum!(
    /// Scale of a graph stream's axis.
    AxisScale, default Unset { Unset = "UNSET", Auto = "AUTO", MinMax = "MINMAX", Height = "HEIGHT", Delta = "DELTA" }
);
json_enum!(
    /// Span of a graph.
    Period, default Live {
        Live = "LIVE", FifteenMinutes = "FIFTEEN_MINUTES", ThirtyMinutes = "THIRTY_MINUTES", OneHour = "ONE_HOUR",
        ThreeHours = "THREE_HOURS", SixHours = "SIX_HOURS", TwelveHours = "TWELVE_HOURS", Day = "DAY",
        ThreeDays = "THREE_DAYS", Week = "WEEK", TwoWeeks = "TWO_WEEKS", Month = "MONTH",
        ThreeMonths = "THREE_MONTHS", All = "ALL", NDay = "N_DAY", TwoDays = "TWO_DAYS", NThreeDays = "N_THREE_DAYS",
        NWeek = "N_WEEK", NTwoWeeks = "N_TWO_WEEKS", NMonth = "N_MONTH", NThreeMonths = "N_THREE_MONTHS",
        SixMonths = "SIX_MONTHS", OneYear = "ONE_YEAR",
    }
);
json_enum!(
    /// Averaging step of a report.
    Granularity, default Minute { Minute = "MINUTE", Hourly = "HOURLY", Daily = "DAILY" }
);
json_enum!(
    /// How a report's files are divided.
    ReportOutput, default CsvPerDevicePerPin {
        ExcelTabPerDevice = "EXCEL_TAB_PER_DEVICE", CsvPerDevicePerPin = "CSV_FILE_PER_DEVICE_PER_PIN",
        CsvPerDevice = "CSV_FILE_PER_DEVICE", MergedCsv = "MERGED_CSV",
    }
);
json_enum!(
    /// How a report writes times.
    ReportFormat, default IsoSimple { IsoSimple = "ISO_SIMPLE", IsoInstant = "ISO_INSTANT", IsoInstantZ = "ISO_INSTANT_Z", Ts = "TS" }
);
json_enum!(
    /// How the last run of a report ended.
    ReportResult, default NoData { NoData = "NO_DATA", Error = "ERROR", Ok = "OK", Expired = "EXPIRED" }
);
json_enum!(
    /// Whether a scheduled report ends.
    DurationType, default Custom { Custom = "CUSTOM", Infinite = "INFINITE" }
);
json_enum!(
    /// Day of a monthly report.
    DayOfMonth, default First { First = "FIRST", Last = "LAST" }
);
json_enum!(
    /// How an eventor action's value was chosen.
    SetPinType, default On { On = "ON", Off = "OFF", Custom = "CUSTOM" }
);
json_enum!(
    /// Order of tiles.
    TileSort, default Custom {
        Custom = "CUSTOM", DeviceNameAsc = "DEVICE_NAME_ASC", DeviceNameDesc = "DEVICE_NAME_DESC",
        TemplateNameAsc = "TEMPLATE_NAME_ASC", TemplateNameDesc = "TEMPLATE_NAME_DESC",
        StatusCritical = "STATUS_CRITICAL", StatusOk = "STATUS_OK",
    }
);
json_enum!(
    /// What a tap on a dimmer tile does.
    Interaction, default Page { Button = "BUTTON", Page = "PAGE", Step = "STEP" }
);
json_enum!(
    /// A widget property that devices, apps and rules can set; the texts are those of the wire.
    Property, default Label {
        Label = "label", Color = "color", OnBackColor = "onBackColor", OffBackColor = "offBackColor",
        OnColor = "onColor", OffColor = "offColor", OnLabel = "onLabel", OffLabel = "offLabel", Labels = "labels",
        Min = "min", Max = "max", IsOnPlay = "isOnPlay", Url = "url", Urls = "urls", Step = "step",
        ValueFormatting = "valueFormatting", Suffix = "suffix", Fraction = "maximumFractionDigits",
        Opacity = "opacity", Scale = "scale", Rotation = "rotation",
    }
);

/// The constants' names that eventor rules use for properties, in ordinal order.
pub const PROPERTY_CONSTANTS: [&str; 21] = [
    "LABEL",
    "COLOR",
    "ON_BACK_COLOR",
    "OFF_BACK_COLOR",
    "ON_COLOR",
    "OFF_COLOR",
    "ON_LABEL",
    "OFF_LABEL",
    "LABELS",
    "MIN",
    "MAX",
    "IS_ON_PLAY",
    "URL",
    "URLS",
    "STEP",
    "VALUE_FORMATTING",
    "SUFFIX",
    "FRACTION",
    "OPACITY",
    "SCALE",
    "ROTATION",
];

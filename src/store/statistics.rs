//! One row of each of the three statistics tables of a database. The columns are those of the reference, in its order.

/// Columns of `reporting_app_stat_minute` after region and time.
pub const TOTALS: [&str; 10] = [
    "active",
    "active_week",
    "active_month",
    "minute_rate",
    "connected",
    "online_apps",
    "online_hards",
    "total_online_apps",
    "total_online_hards",
    "registrations",
];

/// Columns of `reporting_app_command_stat_minute` after region and time.
#[rustfmt::skip] // As the scripts of the reference group them.
pub const COMMANDS: [&str; 50] = [
    "response", "register", "login", "load_profile", "app_sync", "sharing", "get_token", "ping", "activate", "deactivate",
    "refresh_token", "get_graph_data", "export_graph_data", "set_widget_property", "bridge", "hardware",
    "get_share_dash", "get_share_token", "refresh_share_token", "share_login", "create_project", "update_project",
    "delete_project", "hardware_sync", "internal", "sms", "tweet", "email", "push", "add_push_token",
    "create_widget", "update_widget", "delete_widget", "create_device", "update_device", "delete_device", "get_devices",
    "create_tag", "update_tag", "delete_tag", "get_tags", "add_energy", "get_energy", "get_server", "connect_redirect",
    "web_sockets", "eventor", "webhooks", "appTotal", "hardTotal",
];

/// Columns of `reporting_http_command_stat_minute` after region and time.
pub const REQUESTS: [&str; 10] = [
    "is_hardware_connected",
    "is_app_connected",
    "get_pin_data",
    "update_pin",
    "email",
    "push",
    "get_project",
    "qr",
    "get_history_pin_data",
    "total",
];

/// The numbers of one minute, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StatsRow {
    pub region: String,
    /// Begin of the minute, ms since 1970.
    pub ts: i64,
    pub totals: [u32; TOTALS.len()],
    pub commands: [u32; COMMANDS.len()],
    pub requests: [u32; REQUESTS.len()],
}

//! The options of the server and what they say about its configuration.

use std::path::PathBuf;

use argh::FromArgs;

use super::Command;
use crate::config::{Override, PropertyFile, Sources};

/// A server for Blynk apps and devices. Options may also be written as the legacy server has them: -dataFolder,
/// -serverConfig, -hardPort and so on.
#[derive(FromArgs, Debug, Default, PartialEq)]
pub struct Args {
    /// port for HTTP and plain hardware, instead of http.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub hard_port: Option<i32>,
    /// port for apps, HTTPS and hardware over TLS, instead of https.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub app_port: Option<i32>,
    /// port for MQTT, instead of hardware.mqtt.port
    #[argh(option, from_str_fn(integer), arg_name = "port")]
    pub mqtt_port: Option<i32>,
    /// accepted, without effect
    #[argh(option, from_str_fn(integer), arg_name = "number")]
    pub worker_threads: Option<i32>,
    /// folder of users and history, instead of data.folder
    #[argh(option, arg_name = "folder")]
    pub data_folder: Option<String>,
    /// file instead of server.properties
    #[argh(option, arg_name = "file")]
    pub server_config: Option<PathBuf>,
    /// file instead of mail.properties
    #[argh(option, arg_name = "file")]
    pub mail_config: Option<PathBuf>,
    /// file instead of sms.properties
    #[argh(option, arg_name = "file")]
    pub sms_config: Option<PathBuf>,
    /// file instead of gcm.properties
    #[argh(option, arg_name = "file")]
    pub gcm_config: Option<PathBuf>,
    /// file instead of push.properties
    #[argh(option, arg_name = "file")]
    pub push_config: Option<PathBuf>,
    /// file instead of twitter4j.properties
    #[argh(option, arg_name = "file")]
    pub twitter_config: Option<PathBuf>,
    /// file instead of db.properties
    #[argh(option, arg_name = "file")]
    pub db_config: Option<PathBuf>,
    /// load the users from PostgreSQL instead of from the data folder
    #[argh(switch)]
    pub restore: bool,
    /// show the whole configuration and what is wrong with it, then end
    #[argh(switch)]
    pub check_config: bool,
    /// make missing tables in the databases of db.properties, then end
    #[argh(switch)]
    pub init_db: bool,
    /// send a test push through every configured service, then end
    #[argh(switch)]
    pub test_push: bool,
    /// show the version, then end
    #[argh(switch)]
    pub version: bool,
    /// a subcommand; without one the server runs
    #[argh(subcommand)]
    pub command: Option<Command>,
}

/// A Java `int`.
fn integer(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| format!("For input string: \"{text}\""))
}

impl Args {
    /// Adds what the options say to the sources of the configuration.
    pub fn apply(&self, sources: &mut Sources) {
        let files = [
            (PropertyFile::Server, &self.server_config),
            (PropertyFile::Mail, &self.mail_config),
            (PropertyFile::Sms, &self.sms_config),
            (PropertyFile::Gcm, &self.gcm_config),
            (PropertyFile::Push, &self.push_config),
            (PropertyFile::Twitter, &self.twitter_config),
            (PropertyFile::Db, &self.db_config),
        ];
        sources.named.extend(files.into_iter().filter_map(|(file, path)| Some((file, path.clone()?))));
        let number = |n: Option<i32>| n.map(|n| n.to_string());
        let values = [
            ("http.port", "hardPort", number(self.hard_port)),
            ("https.port", "appPort", number(self.app_port)),
            ("hardware.mqtt.port", "mqttPort", number(self.mqtt_port)),
            ("server.worker.threads", "workerThreads", number(self.worker_threads)),
            ("data.folder", "dataFolder", self.data_folder.clone()),
        ];
        for (key, option, value) in values {
            let Some(value) = value else { continue };
            let origin = format!("option -{option}");
            sources.overrides.push(Override { file: PropertyFile::Server, key, value, origin });
        }
    }
}

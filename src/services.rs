//! What worker threads do: each kind of job with its transport and settings.
#![allow(clippy::disallowed_types)] // The settings are shared by the workers and the event loop, which replaces them.

use crate::config::{Config, MailConfig, TwitterConfig};
use crate::hub::jobs::{Completion, Job, Services};
use crate::notify::http_client::HttpClient;
use crate::notify::local_address::LocalAddresses;
use crate::notify::push::{Gateway, Outcome};
use crate::notify::push_targets::Targets;
use crate::notify::smtp::Mailer;
use crate::notify::{tweet, webhook};
use std::sync::{Arc, Mutex, PoisonError};

/// The transports of the worker threads; replaced as a whole when the configuration is read again.
pub struct Transports(Mutex<Arc<Set>>);

/// The transports of one configuration.
struct Set {
    mailer: Result<Mailer, String>,
    gateway: Gateway,
    targets: Targets,
    twitter: Option<TwitterConfig>,
    #[cfg(feature = "sms")]
    sms: Option<crate::config::SmsConfig>,
    client: HttpClient,
    webhooks: HttpClient,
    webhook_limit: usize,
}

impl Transports {
    /// From the configuration.
    pub fn new(config: &Config) -> Self {
        Transports(Mutex::new(Arc::new(Set::new(config))))
    }

    /// Jobs that begin from now on use these settings.
    pub fn replace(&self, config: &Config) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Set::new(config));
    }
}

impl Services for Transports {
    fn run(&self, job: Job) -> Completion {
        // The lock is not held while the job runs.
        let set = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        set.run(job)
    }
}

impl Set {
    fn new(config: &Config) -> Self {
        let local = if config.server.webhooks_allow_local { LocalAddresses::Allow } else { LocalAddresses::Refuse };
        Set {
            mailer: mailer(config.mail.as_ref(), &config.server.product_name),
            gateway: Gateway::new(&config.push, &config.server.product_name),
            targets: Targets::new(&config.push_targets, &config.push, &config.server.product_name),
            twitter: config.twitter.clone(),
            #[cfg(feature = "sms")]
            sms: config.sms.clone(),
            client: HttpClient::new(LocalAddresses::Allow),
            webhooks: HttpClient::new(local),
            webhook_limit: config.server.webhooks_response_size_limit as usize * 1024,
        }
    }
}

fn mailer(config: Option<&MailConfig>, product: &str) -> Result<Mailer, String> {
    match config {
        Some(config) => Mailer::new(config, product).map_err(|e| e.to_string()),
        None => Err("no mail server is configured".into()),
    }
}

impl Set {
    fn run(&self, job: Job) -> Completion {
        match job {
            Job::Mail(mail, then) => {
                let result = match &self.mailer {
                    Ok(mailer) => mailer.send(&mail).map_err(|e| e.to_string()),
                    Err(problem) => Err(problem.clone()),
                };
                if let Err(problem) = &result {
                    log::error!("A mail was not sent: {problem}");
                }
                Box::new(move |hub| then(hub, result))
            }
            Job::Push(push, then) => {
                let elsewhere = self.targets.reaches(&push.email);
                if elsewhere {
                    self.targets.send(&push, &self.client);
                }
                // Without a gateway of its own only those who have nothing else need to hear that there is none.
                let outcome = if self.gateway.is_configured() || !elsewhere {
                    self.gateway.send(&push, &self.client)
                } else {
                    Outcome::default()
                };
                Box::new(move |hub| then(hub, outcome))
            }
            Job::Tweet(tweet, then) => {
                let result = match &self.twitter {
                    Some(config) => tweet::send(&tweet, config, &self.client),
                    None => Err(tweet::TweetError::NotConfigured),
                };
                if let Err(problem) = &result {
                    log::error!("A tweet was not posted: {problem}");
                }
                Box::new(move |hub| then(hub, result))
            }
            #[cfg(feature = "sms")]
            Job::Sms(sms, then) => {
                let result = match &self.sms {
                    Some(config) => crate::notify::sms::send(&sms, config, &self.client).map_err(|e| e.to_string()),
                    None => Err("no SMS service is configured".into()),
                };
                if let Err(problem) = &result {
                    log::error!("A text message was not sent: {problem}");
                }
                Box::new(move |hub| then(hub, result))
            }
            Job::Webhook(call, then) => {
                let result = webhook::send(&call, &self.webhooks, self.webhook_limit);
                if let Err(problem) = &result {
                    log::debug!("A webhook failed: {problem}");
                }
                Box::new(move |hub| then(hub, result))
            }
            Job::Work(work) => work(),
        }
    }
}

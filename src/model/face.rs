//! Published apps ("faces"): projects that other people can register for.

use super::enums::{ProvisionType, Theme};
use crate::{json_nested, json_object};

/// A published app of a user.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct App {
    /// `blynk` and 8 random letters, made by the server.
    pub id: String,
    pub theme: Option<Theme>,
    pub provision_type: Option<ProvisionType>,
    pub color: i32,
    pub is_multi_face: bool,
    pub name: String,
    pub icon: String,
    /// `None` when the app sent none, which makes it invalid.
    pub project_ids: Option<Vec<i32>>,
}

json_object!(App {
    "id" id, "theme" theme, "provisionType" provision_type, "color" color, "isMultiFace" is_multi_face,
    "name" name, "icon" icon, "projectIds" project_ids
});
json_nested!(ObjectSeed: App);

impl App {
    /// Theme, provision type and projects are given, and the name is not empty.
    pub fn is_valid(&self) -> bool {
        self.theme.is_some() && self.provision_type.is_some() && self.project_ids.is_some() && !self.name.is_empty()
    }

    /// The projects of this app.
    pub fn projects(&self) -> &[i32] {
        self.project_ids.as_deref().unwrap_or_default()
    }
}

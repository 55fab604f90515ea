//! Tile templates, and the tiles that follow them (spec 03 §13.2).

use super::change_widgets::ChangeError;
use super::cleaning::Pins;
use super::dashboard::Dashboard;
use super::pin::DataStream;
use super::tag::FIRST_TAG_ID;
use super::user::Profile;
use super::weight::weight;
use super::widget::{DeviceTiles, Template, Tile};
use std::collections::HashMap;

impl DeviceTiles {
    /// Makes the tiles of one template anew, one per device, and drops those of templates that are gone. Values stay
    /// where device and pin stay.
    fn rebuild_tiles(&mut self, template_id: i64) {
        let mut old: HashMap<i64, Vec<Tile>> = HashMap::new();
        for tile in std::mem::take(&mut self.tiles) {
            old.entry(tile.template_id).or_default().push(tile);
        }
        for template in &self.templates {
            let own = old.remove(&template.id).unwrap_or_default();
            if template.id == template_id {
                self.tiles.extend(template.new_tiles(&own));
            } else {
                self.tiles.extend(own);
            }
        }
    }
}

impl Template {
    /// One tile per device. `old`: the tiles that it had.
    fn new_tiles<'a>(&'a self, old: &'a [Tile]) -> impl Iterator<Item = Tile> + 'a {
        let mut streams: HashMap<i32, Vec<&DataStream>> = HashMap::new();
        for tile in old {
            streams.entry(tile.device_id).or_default().extend(&tile.pin);
        }
        self.device_ids.iter().map(move |device_id| {
            let mut pin = self.pin.clone();
            if let (Some(pin), Some(streams)) = (&mut pin, streams.get(device_id)) {
                if let Some(same) = streams.iter().find(|old| is_same_pin(pin, old)) {
                    pin.value.clone_from(&same.value);
                }
            }
            Tile { device_id: *device_id, template_id: self.id, icon_name: String::new(), pin }
        })
    }

    /// What its tiles weigh in a user file.
    pub fn tiles_weight(&self) -> usize {
        let tile = Tile { device_id: FIRST_TAG_ID, template_id: self.id, pin: self.pin.clone(), ..Tile::default() };
        // And a comma.
        (weight(&tile) + 1).saturating_mul(self.device_ids.len())
    }
}

fn is_same_pin(new: &DataStream, old: &DataStream) -> bool {
    match (old.pin_type, u8::try_from(old.pin)) {
        (Some(pin_type), Ok(pin)) => new.is_same(pin_type, pin),
        _ => false,
    }
}

impl Profile {
    fn tiles_of(&mut self, dash_id: i32, tiles_id: i64) -> Result<&mut DeviceTiles, ChangeError> {
        let dash = self.dashboards.iter_mut().find(|d| d.id == dash_id).ok_or(ChangeError::NotFound)?;
        dash.tiles_mut(tiles_id).ok_or(ChangeError::NotFound)
    }

    fn finish(&mut self, dash_id: i32, pins: &Pins, now_ms: i64) {
        self.storage.clean(dash_id, pins, true);
        if let Some(dash) = self.dash_mut(dash_id) {
            dash.updated_at = now_ms;
        }
    }

    /// Adds a template and makes its tiles. Values stored for the pins of tiles and of all templates go. The caller has
    /// charged for the template's widgets and registers their timers.
    ///
    /// Errors: `NotFound`, `IdInUse`.
    pub fn create_template(
        &mut self,
        dash_id: i32,
        tiles_id: i64,
        mut template: Template,
        now_ms: i64,
    ) -> Result<(), ChangeError> {
        let tiles = self.tiles_of(dash_id, tiles_id)?;
        if tiles.templates.iter().any(|t| t.id == template.id) {
            return Err(ChangeError::IdInUse);
        }
        if template.template_id.is_empty() {
            template.template_id = format!("TMPL{}", template.id);
        }
        let id = template.id;
        tiles.templates.push(template);
        tiles.rebuild_tiles(id);
        let mut pins = Pins::default();
        pins.add_tiles(tiles);
        for template in &tiles.templates {
            pins.add_widgets_of_template(&template.device_ids, &template.widgets);
        }
        self.finish(dash_id, &pins, now_ms);
        Ok(())
    }

    /// Replaces the template with the same id but for its widgets; its tiles follow when devices or stream changed.
    /// Values stored for the pins of tiles go.
    ///
    /// Errors: `NotFound`.
    pub fn update_template(
        &mut self,
        dash_id: i32,
        tiles_id: i64,
        mut template: Template,
        now_ms: i64,
    ) -> Result<(), ChangeError> {
        let tiles = self.tiles_of(dash_id, tiles_id)?;
        let id = template.id;
        let old = tiles.templates.iter_mut().find(|t| t.id == id).ok_or(ChangeError::NotFound)?;
        template.widgets = std::mem::take(&mut old.widgets);
        let same_tiles = template.device_ids == old.device_ids && template.pin.is_some() && template.pin == old.pin;
        *old = template;
        if !same_tiles {
            tiles.rebuild_tiles(id);
        }
        let mut pins = Pins::default();
        pins.add_tiles(tiles);
        self.finish(dash_id, &pins, now_ms);
        Ok(())
    }

    /// Deletes a template with its tiles and the values stored for its widgets. The caller refunds its widgets and
    /// cancels their timers.
    ///
    /// Errors: `NotFound`.
    pub fn delete_template(
        &mut self,
        dash_id: i32,
        tiles_id: i64,
        template_id: i64,
        now_ms: i64,
    ) -> Result<Template, ChangeError> {
        let tiles = self.tiles_of(dash_id, tiles_id)?;
        let at = tiles.templates.iter().position(|t| t.id == template_id).ok_or(ChangeError::NotFound)?;
        let template = tiles.templates.remove(at);
        tiles.tiles.retain(|tile| tile.template_id != template_id);
        let mut pins = Pins::default();
        pins.add_widgets_of_template(&template.device_ids, &template.widgets);
        self.finish(dash_id, &pins, now_ms);
        Ok(template)
    }
}

impl Dashboard {
    /// The template that devices know by this text (`TMPL...`), with its tiles widget's id.
    pub fn template_by_text(&self, template_id: &str) -> Option<(i64, &Template)> {
        self.widgets.iter().find_map(|widget| {
            let template = self.tiles(widget.id)?.templates.iter().find(|t| t.template_id == template_id)?;
            Some((widget.id, template))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::{from_str, Reading, TaggedSeed};
    use crate::model::testing::{fixture, text_of};
    use crate::model::widget::{Kind, Widget, WidgetType};
    use crate::model::{Limits, PinType};

    fn template(json: &str) -> Template {
        from_str(json, TaggedSeed::new(&Reading::strict())).unwrap().unwrap()
    }

    /// A project with an empty tiles widget 10.
    fn start() -> Profile {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        dash.widgets = vec![Widget { id: 10, ..Widget::new(WidgetType::DeviceTiles) }].into();
        profile
    }

    /// Device, template, pin and value of each tile.
    fn tiles(profile: &Profile) -> Vec<(i32, i64, i16, Option<&str>)> {
        let tiles = &profile.dash(1).unwrap().tiles(10).unwrap().tiles;
        let pin = |t: &'_ Tile| t.pin.as_ref().map_or(-1, |p| p.pin);
        tiles
            .iter()
            .map(|t| (t.device_id, t.template_id, pin(t), t.pin.as_ref().and_then(|p| p.value.as_deref())))
            .collect()
    }

    #[test]
    fn tiles_follow_their_template() {
        let mut profile = start();
        let five = r#"{"id":5,"name":"T","deviceIds":[1,0],"pin":{"pin":3,"pinType":"VIRTUAL","value":"x"}}"#;
        profile.create_template(1, 10, template(five), 9).unwrap();
        assert_eq!(tiles(&profile), [(1, 5, 3, Some("x")), (0, 5, 3, Some("x"))]);
        assert_eq!(profile.create_template(1, 10, template(five), 9), Err(ChangeError::IdInUse));
        let six = r#"{"id":6,"templateId":"mine","deviceIds":[2],"pin":{"pin":4,"pinType":"VIRTUAL"}}"#;
        profile.create_template(1, 10, template(six), 9).unwrap();
        let dash = profile.dash(1).unwrap();
        assert_eq!(dash.template_by_text("TMPL5").unwrap().1.id, 5);
        assert_eq!(dash.template_by_text("mine").unwrap(), (10, &dash.tiles(10).unwrap().templates[1]));
        profile.store_value(1, 0, PinType::Virtual, 3, "7", &Limits::default(), 9).unwrap();
        let new = r#"{"id":5,"deviceIds":[2,0],"pin":{"pin":3,"pinType":"VIRTUAL","max":9},"widgets":[{"id":1}]}"#;
        profile.update_template(1, 10, template(new), 9).unwrap();
        assert_eq!(tiles(&profile), [(2, 5, 3, None), (0, 5, 3, Some("7")), (2, 6, 4, None)]);
        let stored = &profile.dash(1).unwrap().tiles(10).unwrap().templates[0];
        assert!(stored.widgets.is_empty() && stored.template_id.is_empty());
        let moved = r#"{"id":5,"deviceIds":[2,0],"pin":{"pin":8,"pinType":"VIRTUAL"}}"#;
        profile.update_template(1, 10, template(moved), 9).unwrap();
        assert_eq!(tiles(&profile), [(2, 5, 8, None), (0, 5, 8, None), (2, 6, 4, None)]);
        profile.delete_template(1, 10, 5, 9).unwrap();
        assert_eq!(tiles(&profile), [(2, 6, 4, None)]);
    }

    #[test]
    fn an_update_that_changes_no_tile_keeps_icons() {
        let mut profile = start();
        let five = r#"{"id":5,"deviceIds":[0],"pin":{"pin":3,"pinType":"VIRTUAL"}}"#;
        profile.create_template(1, 10, template(five), 9).unwrap();
        let dash = profile.dash_mut(1).unwrap();
        dash.tiles_mut(10).unwrap().tiles[0].icon_name = "mine".into();
        profile.update_template(1, 10, template(five), 9).unwrap();
        assert_eq!(profile.dash(1).unwrap().tiles(10).unwrap().tiles[0].icon_name, "mine");
        profile.update_template(1, 10, template(r#"{"id":5,"deviceIds":[0]}"#), 9).unwrap();
        assert_eq!(tiles(&profile), [(0, 5, -1, None)]);
    }

    #[test]
    fn stored_values_are_cleaned() {
        let mut profile = fixture();
        profile.update_template(1, 60, template(r#"{"id":1,"deviceIds":[1,2]}"#), 9).unwrap();
        assert_eq!(text_of(&profile, "1-1-v62"), ["tile line"]);
        let gone = profile.delete_template(1, 60, 1, 9).unwrap();
        assert_eq!(gone.price(), 400);
        assert!(text_of(&profile, "1-1-v62").is_empty() && text_of(&profile, "1-2-v61").is_empty());
        let Kind::Tiles(tiles) = &profile.dash(1).unwrap().widget(60).unwrap().kind else { panic!() };
        assert!(tiles.tiles.iter().all(|tile| tile.template_id != 1));
    }

    #[test]
    fn unknown_ids() {
        let mut profile = fixture();
        let t = || template(r#"{"id":99}"#);
        for (dash, tiles) in [(9, 60), (1, 2), (1, 999)] {
            assert_eq!(profile.create_template(dash, tiles, t(), 9), Err(ChangeError::NotFound));
            assert_eq!(profile.update_template(dash, tiles, t(), 9), Err(ChangeError::NotFound));
        }
        assert_eq!(profile.update_template(1, 60, t(), 9), Err(ChangeError::NotFound));
        assert!(profile.delete_template(1, 60, 99, 9).is_err());
        assert_eq!(profile, fixture());
    }
}

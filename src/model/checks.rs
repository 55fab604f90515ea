//! What a project does not take: ids in use, and more than anybody can look at. Asked before something is paid for.

use super::change_widgets::{ChangeError, Place};
use super::dashboard::Dashboard;
use super::widget::{Kind, Template, Widget};

/// Most widgets of a project, those of templates included.
pub const WIDGETS_MAX: usize = 2000;
/// Most templates of a tiles widget.
const TEMPLATES_MAX: usize = 100;
/// Most devices of a template: each gets a tile.
const TEMPLATE_DEVICES_MAX: usize = 1000;
/// Most reports of a REPORT widget.
pub const REPORTS_MAX: usize = 25;

impl Widget {
    /// The widgets in its templates.
    fn inner(&self) -> impl Iterator<Item = &Widget> {
        let templates = match &self.kind {
            Kind::Tiles(tiles) => tiles.templates.as_slice(),
            _ => &[],
        };
        templates.iter().flat_map(|template| &template.widgets)
    }

    /// Whether its lists are no longer than those of any real widget.
    fn check_lists(&self) -> Result<(), ChangeError> {
        let fits = match &self.kind {
            Kind::Tiles(tiles) => {
                tiles.templates.len() <= TEMPLATES_MAX && tiles.templates.iter().all(|t| t.check_devices().is_ok())
            }
            Kind::Report(report) => report.reports.len() <= REPORTS_MAX,
            _ => true,
        };
        fits.then_some(()).ok_or(ChangeError::TooMany)
    }
}

/// Whether an id stands there twice.
fn has_twins<T: Ord>(mut ids: Vec<T>) -> bool {
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair[0] == pair[1])
}

impl Dashboard {
    /// Whether two widgets, templates' included, or two devices have the same id.
    pub fn has_duplicate_ids(&self) -> bool {
        has_twins(self.widgets.iter().chain(self.template_widgets()).map(|w| w.id).collect())
            || has_twins(self.devices.iter().map(|d| d.id).collect())
    }

    /// Whether a project as a whole is not too large.
    ///
    /// Errors: `TooMany`.
    pub fn check_lists(&self) -> Result<(), ChangeError> {
        if self.widgets.iter().chain(self.template_widgets()).nth(WIDGETS_MAX).is_some() {
            return Err(ChangeError::TooMany);
        }
        self.widgets.iter().try_for_each(Widget::check_lists)
    }

    /// Whether there is room for new widgets, and nothing has their ids.
    fn check_new<'a>(&self, new: impl Iterator<Item = &'a Widget>) -> Result<(), ChangeError> {
        let new: Vec<i64> = new.map(|widget| widget.id).collect();
        if new.iter().any(|id| self.find_widget(*id).is_some()) || has_twins(new.clone()) {
            return Err(ChangeError::IdInUse);
        }
        if self.widgets.len() + self.template_widgets().count() + new.len() > WIDGETS_MAX {
            return Err(ChangeError::TooMany);
        }
        Ok(())
    }

    /// Whether a new widget can go there.
    ///
    /// Errors: `BadSize`, `IdInUse`, `TooMany`, `NotFound`.
    pub fn check_new_widget(&self, place: Place, widget: &Widget) -> Result<(), ChangeError> {
        if widget.width < 1 || widget.height < 1 {
            return Err(ChangeError::BadSize);
        }
        widget.check_lists()?;
        self.check_new(std::iter::once(widget).chain(widget.inner()))?;
        match place {
            Place::Project => Ok(()),
            Place::Template { tiles, template } => {
                let templates = &self.tiles(tiles).ok_or(ChangeError::NotFound)?.templates;
                templates.iter().any(|t| t.id == template).then_some(()).ok_or(ChangeError::NotFound)
            }
        }
    }

    /// Whether a widget can replace the one with its id.
    ///
    /// Errors: `BadSize`, `NotFound`, `WrongType`, `NoTabs`, `TooMany`.
    pub fn check_changed_widget(&self, widget: &Widget) -> Result<(), ChangeError> {
        if widget.width < 1 || widget.height < 1 {
            return Err(ChangeError::BadSize);
        }
        let old = self.find_widget(widget.id).ok_or(ChangeError::NotFound)?;
        if widget.widget_type != old.widget_type {
            return Err(ChangeError::WrongType);
        }
        if matches!(&widget.kind, Kind::Tabs(tabs) if tabs.tabs.is_none()) {
            return Err(ChangeError::NoTabs);
        }
        widget.check_lists()
    }

    /// Whether a new template can go into a tiles widget.
    ///
    /// Errors: `NotFound`, `IdInUse`, `TooMany`.
    pub fn check_new_template(&self, tiles: i64, template: &Template) -> Result<(), ChangeError> {
        let templates = &self.tiles(tiles).ok_or(ChangeError::NotFound)?.templates;
        if templates.iter().any(|known| known.id == template.id) {
            return Err(ChangeError::IdInUse);
        }
        if templates.len() >= TEMPLATES_MAX {
            return Err(ChangeError::TooMany);
        }
        self.check_new(template.widgets.iter())?;
        template.check_devices()
    }
}

impl Template {
    /// Whether its tiles are not too many.
    ///
    /// Errors: `TooMany`.
    pub fn check_devices(&self) -> Result<(), ChangeError> {
        (self.device_ids.len() <= TEMPLATE_DEVICES_MAX).then_some(()).ok_or(ChangeError::TooMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::widget::{DeviceTiles, Report, ReportWidget};

    fn widget(id: i64, kind: Kind) -> Widget {
        Widget { id, width: 1, height: 1, kind, ..Widget::default() }
    }

    fn tiles(id: i64, widgets: &[i64], devices: usize) -> Widget {
        let widgets = widgets.iter().map(|id| widget(*id, Widget::default().kind)).collect();
        let mut template = Template::default();
        (template.id, template.widgets, template.device_ids) = (1, widgets, vec![0; devices]);
        widget(id, DeviceTiles { templates: vec![template], ..DeviceTiles::default() }.into())
    }

    #[test]
    fn ids_are_unique_wherever_widgets_are() {
        let dash = Dashboard {
            widgets: vec![tiles(1, &[2], 0), Widget { id: 3, ..Widget::default() }].into(),
            ..Dashboard::default()
        };
        let check = |new: &Widget| dash.check_new_widget(Place::Project, new);
        assert_eq!(check(&tiles(4, &[5, 6], 0)), Ok(()));
        for twin in [tiles(2, &[], 0), tiles(4, &[3], 0), tiles(4, &[2], 0), tiles(4, &[5, 5], 0), tiles(4, &[4], 0)] {
            assert_eq!(check(&twin), Err(ChangeError::IdInUse));
        }
        let template = |id, widgets: &[i64]| {
            let Kind::Tiles(mut tiles) = tiles(9, widgets, 0).kind else { panic!() };
            tiles.templates[0].id = id;
            tiles.templates.remove(0)
        };
        assert_eq!(dash.check_new_template(1, &template(2, &[7])), Ok(()));
        assert_eq!(dash.check_new_template(1, &template(1, &[7])), Err(ChangeError::IdInUse));
        assert_eq!(dash.check_new_template(1, &template(2, &[7, 7])), Err(ChangeError::IdInUse));
        assert_eq!(dash.check_new_template(3, &template(2, &[7])), Err(ChangeError::NotFound));
    }

    #[test]
    fn projects_are_bounded() {
        let many = |n: i64| (10..10 + n).map(|id| widget(id, Widget::default().kind)).collect::<Vec<_>>();
        let mut dash = Dashboard { widgets: many(1999).into(), ..Dashboard::default() };
        assert_eq!(dash.check_new_widget(Place::Project, &widget(1, Widget::default().kind)), Ok(()));
        assert_eq!(dash.check_new_widget(Place::Project, &tiles(1, &[2], 0)), Err(ChangeError::TooMany));
        dash.widgets = many(2000).into();
        assert_eq!(
            (dash.check_lists(), dash.check_new_widget(Place::Project, &tiles(1, &[], 0))),
            (Ok(()), Err(ChangeError::TooMany))
        );
        dash.widgets.push(Widget::default());
        assert_eq!(dash.check_lists(), Err(ChangeError::TooMany));

        let empty = Dashboard::default();
        let mut large = tiles(1, &[], 1000);
        assert_eq!(empty.check_new_widget(Place::Project, &large), Ok(()));
        assert_eq!(empty.check_new_widget(Place::Project, &tiles(1, &[], 1001)), Err(ChangeError::TooMany));
        if let Kind::Tiles(tiles) = &mut large.kind {
            tiles.templates = vec![Template::default(); 101];
        }
        assert_eq!(empty.check_new_widget(Place::Project, &large), Err(ChangeError::TooMany));
        let reports =
            |n| widget(1, ReportWidget { reports: vec![Report::default(); n], ..ReportWidget::default() }.into());
        assert_eq!(empty.check_new_widget(Place::Project, &reports(25)), Ok(()));
        assert_eq!(empty.check_new_widget(Place::Project, &reports(26)), Err(ChangeError::TooMany));
    }
}

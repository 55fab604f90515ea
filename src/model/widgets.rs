//! The widgets of a project, with an index of the pins that they show: a value that comes for a pin is looked up, so that it
//! costs the same in a project of a thousand widgets as in one of three.
//!
//! The index is made when a value first comes, and forgotten whenever the widgets are touched in a way that could change
//! their pins: through `DerefMut`. What only changes values uses [`Widgets::keeping_pins`].

use super::json::{Bad, Cursor, Field, Reading, Writer};
use super::widget::{Kind, Widget};
use std::cell::OnceCell;
use std::ops::{Deref, DerefMut};

/// A list of widgets that knows which of them have to do with a pin.
#[derive(Default)]
pub struct Widgets {
    list: Vec<Widget>,
    index: OnceCell<Box<Index>>,
}

/// Where to look.
struct Index {
    /// Pin numbers and places of widgets, sorted; each pair once.
    pins: Box<[(u8, u32)]>,
    /// Place of the first EVENTOR.
    eventor: Option<usize>,
}

impl Index {
    fn of(list: &[Widget]) -> Box<Index> {
        let mut pins = Vec::new();
        for (place, widget) in (0..).zip(list) {
            visit(&widget.kind, &mut |pin| {
                if let Ok(pin) = u8::try_from(pin) {
                    pins.push((pin, place));
                }
            });
        }
        pins.sort_unstable();
        pins.dedup();
        let eventor = list.iter().position(|widget| matches!(widget.kind, Kind::Eventor(_)));
        Box::new(Index { pins: pins.into(), eventor })
    }
}

/// Calls `f` with the number of every pin whose values the widget takes, records or passes on; rules are not meant.
fn visit(kind: &Kind, f: &mut dyn FnMut(i16)) {
    if let Some(own) = kind.one_pin() {
        f(own.pin);
    }
    if let Some((_, streams)) = kind.multi_pin() {
        streams.iter().for_each(|stream| f(stream.pin));
    }
    match kind {
        Kind::Graph(graph) => graph.data_streams.iter().filter_map(|s| s.pin.as_ref()).for_each(|own| f(own.pin)),
        Kind::Report(report) => {
            let sources = report.sources.iter().chain(report.reports.iter().flat_map(|r| &r.sources));
            sources.flat_map(|source| &source.streams).for_each(|stream| f(stream.pin));
        }
        Kind::Tiles(tiles) => {
            tiles.tiles.iter().filter_map(|tile| tile.pin.as_ref()).for_each(|own| f(own.pin));
            let inner = tiles.templates.iter().flat_map(|template| &template.widgets);
            inner.for_each(|widget| visit(&widget.kind, f));
        }
        _ => {}
    }
}

impl Widgets {
    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.list))
    }

    fn places(&self, pin: u8) -> &[(u8, u32)] {
        let pins = &self.index().pins;
        let first = pins.partition_point(|(other, _)| *other < pin);
        let count = pins[first..].partition_point(|(other, _)| *other == pin);
        &pins[first..first + count]
    }

    /// The widgets that may have to do with a pin of this number, of whatever type and device, in their order.
    pub fn of_pin(&self, pin: u8) -> impl Iterator<Item = &Widget> {
        self.places(pin).iter().filter_map(|(_, place)| self.list.get(*place as usize))
    }

    /// Calls `f` with each of the widgets of [`Widgets::of_pin`]; it does not change their pins.
    ///
    /// Errors: the first one of `f`, which ends the calls.
    pub fn each_of_pin<E>(&mut self, pin: u8, mut f: impl FnMut(&mut Widget) -> Result<(), E>) -> Result<(), E> {
        let index = self.index.take().unwrap_or_else(|| Index::of(&self.list));
        let first = index.pins.partition_point(|(other, _)| *other < pin);
        let places = index.pins[first..].iter().take_while(|(other, _)| *other == pin);
        let mut widgets = places.map(|(_, place)| *place as usize);
        let result = widgets.try_for_each(|place| self.list.get_mut(place).map_or(Ok(()), &mut f));
        let _ = self.index.set(index);
        result
    }

    /// The place of the first EVENTOR.
    pub fn eventor(&self) -> Option<usize> {
        self.index().eventor
    }

    /// All widgets, for changes that leave their pins as they are.
    pub fn keeping_pins(&mut self) -> &mut [Widget] {
        &mut self.list
    }
}

impl Deref for Widgets {
    type Target = Vec<Widget>;
    fn deref(&self) -> &Vec<Widget> {
        &self.list
    }
}

impl DerefMut for Widgets {
    fn deref_mut(&mut self) -> &mut Vec<Widget> {
        self.index.take();
        &mut self.list
    }
}

impl From<Vec<Widget>> for Widgets {
    fn from(list: Vec<Widget>) -> Self {
        Widgets { list, index: OnceCell::new() }
    }
}

impl Clone for Widgets {
    fn clone(&self) -> Self {
        self.list.clone().into()
    }
}

impl PartialEq for Widgets {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl std::fmt::Debug for Widgets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.list.fmt(f)
    }
}

impl IntoIterator for Widgets {
    type Item = Widget;
    type IntoIter = std::vec::IntoIter<Widget>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Widgets {
    type Item = &'a Widget;
    type IntoIter = std::slice::Iter<'a, Widget>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a mut Widgets {
    type Item = &'a mut Widget;
    type IntoIter = std::slice::IterMut<'a, Widget>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl Field for Widgets {
    fn read(json: &mut Cursor<'_>, cx: &Reading) -> Result<Self, Bad> {
        Vec::read(json, cx).map(Widgets::from)
    }
    fn write(&self, key: &str, w: &mut Writer) {
        self.list.write(key, w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;

    fn ids(widgets: &Widgets, pin: u8) -> Vec<i64> {
        widgets.of_pin(pin).map(|widget| widget.id).collect()
    }

    #[test]
    fn the_index_misses_no_widget() {
        let mut profile = fixture();
        let project = &mut profile.dashboards[0];
        let mut found = 0;
        for pin in 0..=255 {
            for pin_type in
                [crate::model::PinType::Digital, crate::model::PinType::Virtual, crate::model::PinType::Analog]
            {
                for device in 0..4 {
                    let matching = project.widgets.iter().filter(|w| w.matches(device, pin_type, pin));
                    let matching: Vec<i64> = matching.map(|w| w.id).collect();
                    let candidates = ids(&project.widgets, pin);
                    assert!(matching.iter().all(|id| candidates.contains(id)), "{pin}: {matching:?} {candidates:?}");
                    found += matching.len();
                }
            }
        }
        assert!(found > 30, "{found}");
        let eventor = project.widgets.iter().position(|w| matches!(w.kind, Kind::Eventor(_)));
        assert!(eventor.is_some() && project.widgets.eventor() == eventor);
    }

    #[test]
    fn the_index_follows_changes() {
        let led = |id, pin| {
            let mut widget = Widget { id, ..Widget::new(crate::model::WidgetType::Led) };
            widget.kind.one_pin_mut().unwrap().pin = pin;
            widget
        };
        let mut widgets = Widgets::from(vec![led(1, 5), led(2, 6), led(3, 5), led(4, -1), led(5, 256)]);
        assert_eq!((ids(&widgets, 5), ids(&widgets, 6), ids(&widgets, 0)), (vec![1, 3], vec![2], vec![]));
        widgets.remove(0);
        assert_eq!(ids(&widgets, 5), [3]);
        widgets[0].kind.one_pin_mut().unwrap().pin = 5;
        assert_eq!((ids(&widgets, 5), ids(&widgets, 6)), (vec![2, 3], vec![]));
        let mut seen = Vec::new();
        let stopped = widgets.each_of_pin(5, |widget| {
            seen.push(widget.id);
            Err(())
        });
        assert_eq!((stopped, seen, ids(&widgets, 5)), (Err(()), vec![2], vec![2, 3]));
        widgets.clear();
        assert!(ids(&widgets, 5).is_empty() && widgets.eventor().is_none());
    }
}

//! ENHANCED_GRAPH, the history chart (spec 03 §11.1).

use crate::model::enums::{
    AxisScale, FontSize, GoalLine, GraphFunction, GraphType, LineType, Period, Stacking, TextAlignment,
};
use crate::model::pin::DataStream;
use crate::{json_nested, json_object};

/// One line of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct GraphStream {
    pub title: String,
    pub graph_type: Option<GraphType>,
    pub color: i32,
    /// Device, tag or device selector.
    pub target_id: i32,
    pub pin: Option<DataStream>,
    pub function_type: Option<GraphFunction>,
    pub flip: i32,
    pub low: String,
    pub high: String,
    pub math_formula: String,
    pub y_axis_min: f32,
    pub y_axis_max: f32,
    pub show_y_axis: bool,
    pub suffix: String,
    pub cubic_smoothing_enabled: bool,
    pub connect_missing_points_enabled: bool,
    pub is_percent_max_min: bool,
    pub y_axis_scale: AxisScale,
    pub delta: f32,
    pub user_delta_modify_allowed: bool,
    pub maximum_fraction_digits: i32,
}
json_object!(GraphStream {
    "title" title, "graphType" graph_type, "color" color, "targetId" target_id, "pin" pin,
    "functionType" function_type, "flip" flip, "low" low, "high" high, "mathFormula" math_formula,
    "yAxisMin" y_axis_min, "yAxisMax" y_axis_max, "showYAxis" show_y_axis, "suffix" suffix,
    "cubicSmoothingEnabled" cubic_smoothing_enabled,
    "connectMissingPointsEnabled" connect_missing_points_enabled, "isPercentMaxMin" is_percent_max_min,
    "yAxisScale" y_axis_scale, "delta" delta, "userDeltaModifyAllowed" user_delta_modify_allowed,
    "maximumFractionDigits" maximum_fraction_digits
});
json_nested!(ObjectSeed: GraphStream);

/// ENHANCED_GRAPH
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct EnhancedGraph {
    pub data_streams: Vec<GraphStream>,
    pub period: Option<Period>,
    pub text_alignment: Option<TextAlignment>,
    pub font_size: Option<FontSize>,
    pub stacking: Option<Stacking>,
    pub show_title: bool,
    pub show_legend: bool,
    pub y_axis_values: bool,
    pub x_axis_values: bool,
    pub show_x_axis: bool,
    pub allow_full_screen: bool,
    pub override_y_axis: bool,
    pub hide_gradient: bool,
    pub y_axis_min: f32,
    pub y_axis_max: f32,
    pub is_percent_max_min: bool,
    pub goal_text: String,
    pub goal_line: Option<GoalLine>,
    pub line_type: Option<LineType>,
    pub selected_periods: Vec<Period>,
}
impl Default for EnhancedGraph {
    fn default() -> Self {
        use Period::*;
        EnhancedGraph {
            data_streams: Vec::new(),
            period: None,
            text_alignment: None,
            font_size: None,
            stacking: None,
            show_title: false,
            show_legend: false,
            y_axis_values: false,
            x_axis_values: false,
            show_x_axis: false,
            allow_full_screen: false,
            override_y_axis: false,
            hide_gradient: false,
            y_axis_min: 0.0,
            y_axis_max: 0.0,
            is_percent_max_min: false,
            goal_text: String::new(),
            goal_line: None,
            line_type: None,
            selected_periods: vec![Live, OneHour, SixHours, NDay, NWeek, NMonth, NThreeMonths],
        }
    }
}
json_object!(EnhancedGraph {
    "dataStreams" data_streams, "period" period, "textAlignment" text_alignment, "fontSize" font_size,
    "stacking" stacking, "showTitle" show_title, "showLegend" show_legend, "yAxisValues" y_axis_values,
    "xAxisValues" x_axis_values, "showXAxis" show_x_axis, "allowFullScreen" allow_full_screen,
    "overrideYAxis" override_y_axis, "hideGradient" hide_gradient, "yAxisMin" y_axis_min, "yAxisMax" y_axis_max,
    "isPercentMaxMin" is_percent_max_min, "goalText" goal_text, "goalLine" goal_line, "lineType" line_type,
    "selectedPeriods" selected_periods
});

//! Records pin values and answers for them later: averages, binary files, graph queries, exports, reports.
//!
//! Two halves. What the hub owns and calls on its own thread never touches a file or a clock:
//!
//! * [`averages`] adds values to the current minute, hour and day of a pin and hands over finished ones as appends, which
//!   [`waiting`] gathers for few writes;
//! * [`live`] keeps the last values of a pin for the LIVE period.
//!
//! What workers run, on plain values that travelled to them in a job:
//!
//! * [`files`] is the folder of binary history files: append, read, cut, clean, delete;
//! * [`temp_files`] keeps unfinished averages over a restart; [`java`] reads the ones that the reference server left;
//! * [`graph`] computes and encodes the answer to a chart;
//! * [`text_export`] writes all files of an account as text, for the command line;
//! * [`rows`] are values for a database, `postgres` (a feature) writes and cleans its tables;
//! * [`csv`] writes the gzip export of a pin, [`report`] the zip of a report, both into the [`export_folder`].
//!
//! [`names`] is shared by both: whose history, which pin, which file. [`number`] tells which values are recorded at all.

pub mod averages;
pub mod csv;
pub mod export_folder;
pub mod files;
pub mod graph;
pub mod java;
pub mod live;
pub mod names;
pub mod number;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(test)]
mod reference_layout;
pub mod report;
pub mod rows;
pub mod temp_files;
pub mod text_export;
pub mod waiting;

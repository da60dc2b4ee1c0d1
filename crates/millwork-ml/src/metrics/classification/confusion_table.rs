//! A confusion matrix as a table: in text, and as metadata.

use std::fmt::{self, Display, Formatter};

use millwork_core::asset::plot::Plot;
use millwork_core::{Column, MetadataValue, Table};

use crate::metrics::ConfusionMatrix;

const CORNER: &str = "target \\ prediction";

/// Rows are targets, columns predictions; the recall of each class is beside its row, its precision below its column.
impl<L: Display> Display for ConfusionMatrix<L> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let rows = text(self);
        let columns = rows[0].len();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(formatter)?;
            }
            // Format strings take no width above 65,535, and a label may be any text.
            let space = |cell: &str, width: usize| " ".repeat(width - cell.chars().count());
            let mut line = row[0].clone() + &space(&row[0], widths[0]);
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                line += &format!("  {}{cell}", space(cell, *width));
            }
            formatter.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

/// The table's cells, the heading first.
fn text<L: Display>(matrix: &ConfusionMatrix<L>) -> Vec<Vec<String>> {
    let labels = || matrix.labels().iter().map(ToString::to_string);
    let heading = [CORNER.to_owned()].into_iter().chain(labels()).chain(["recall".to_owned()]).collect();
    let mut rows = vec![heading];
    let classes = matrix.rows().zip(matrix.per_class());
    rows.extend(classes.zip(labels()).map(|((cells, numbers), label)| {
        let cells = cells.iter().map(ToString::to_string);
        [label].into_iter().chain(cells).chain([format!("{:.3}", numbers.recall)]).collect()
    }));
    let precisions = matrix.per_class().map(|numbers| format!("{:.3}", numbers.precision));
    rows.push(["precision".to_owned()].into_iter().chain(precisions).chain([String::new()]).collect());
    rows
}

/// A table with a record per target's class and a column per predicted class.
impl<L: Display> From<&ConfusionMatrix<L>> for MetadataValue {
    fn from(matrix: &ConfusionMatrix<L>) -> Self {
        let labels = || matrix.labels().iter().map(ToString::to_string);
        let column = |name, data_type: &str| Column { name, data_type: data_type.to_owned() };
        let first = column(CORNER.to_owned(), "string");
        let columns = [first].into_iter().chain(labels().map(|label| column(label, "f64"))).collect();
        let row = |(label, cells): (String, &[f64])| {
            [label.into()].into_iter().chain(cells.iter().map(|&cell| cell.into())).collect()
        };
        Self::Table(Table { columns, rows: labels().zip(matrix.rows()).map(row).collect() })
    }
}

/// The matrix as a drawing, with weights rounded to whole rows.
impl<L: Display> From<&ConfusionMatrix<L>> for Plot {
    fn from(matrix: &ConfusionMatrix<L>) -> Self {
        let row = |cells: &[f64]| cells.iter().map(|cell| cell.round() as u64).collect();
        let labels = matrix.labels().iter().map(ToString::to_string);
        Self::confusion("Confusion matrix", labels, matrix.rows().map(row).collect())
            .labels("prediction", "target")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn matrix() -> ConfusionMatrix<&'static str> {
        let targets = Weighted::new(&["ask", "show", "show"], &[1.0, 12.0, 0.5]);
        ConfusionMatrix::new(targets, &["ask", "ask", "show"]).expect("a matrix")
    }

    #[test]
    fn it_prints_as_a_table() {
        let expected = [
            "target \\ prediction    ask   show  recall",
            "ask                      1      0   1.000",
            "show                    12    0.5   0.040",
            "precision            0.077  1.000",
        ];
        assert_eq!(matrix().to_string().lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn it_is_a_table_of_metadata() {
        let MetadataValue::Table(table) = MetadataValue::from(&matrix()) else { panic!("no table") };
        let expected = Table::new([(CORNER, "string"), ("ask", "f64"), ("show", "f64")])
            .row(["ask".into(), 1.0.into(), 0.0.into()])
            .row(["show".into(), 12.0.into(), 0.5.into()]);
        assert_eq!(table, expected);
    }
}

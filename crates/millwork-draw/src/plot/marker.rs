//! The marks of points, whose shapes tell curves apart without colours.

use super::svg::{LOOKS, Svg};

/// How points are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// A full shape.
    Full,
    /// The outline of one.
    Hollow,
}

/// The shape of the curve with this number: one of six, which change their order with each round of colours.
fn shape(number: usize, (x, y): (f64, f64), scale: f64) -> String {
    let polygon = |points: &[(f64, f64)]| {
        let corners: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx * scale, y + dy * scale)).collect();
        format!("M{}z", corners.join("L"))
    };
    match (number + number / LOOKS) % LOOKS {
        0 => {
            let (radius, wide) = (3.6 * scale, 7.2 * scale);
            let arc = |to: f64| format!("a{radius:.1},{radius:.1} 0 1 0 {to:.1},0");
            format!("M{:.1},{y:.1}{}{}z", x - radius, arc(wide), arc(-wide))
        }
        1 => polygon(&[(-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2)]),
        2 => polygon(&[(0.0, -4.4), (4.4, 0.0), (0.0, 4.4), (-4.4, 0.0)]),
        3 => polygon(&[(0.0, -4.2), (4.2, 3.2), (-4.2, 3.2)]),
        4 => polygon(&[(0.0, 4.2), (4.2, -3.2), (-4.2, -3.2)]),
        _ => polygon(&[(-2.2, -3.8), (2.2, -3.8), (4.4, 0.0), (2.2, 3.8), (-2.2, 3.8), (-4.4, 0.0)]),
    }
}

impl Svg {
    /// A point of the curve with this number, at a place and a scale; `class` is added to its look.
    pub(super) fn marker(
        &mut self,
        (number, marker): (usize, Marker),
        class: &str,
        (place, scale): ((f64, f64), f64),
        title: &str,
    ) {
        let kind = match marker {
            Marker::Full => "plot-marker",
            Marker::Hollow => "plot-marker hollow",
        };
        let class = format!("{kind} c{}{class}", number % LOOKS);
        self.shape(&class, &shape(number, place, scale), title);
    }
}

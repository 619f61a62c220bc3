//! Rows of figures, and whether each meets its bar.

/// What was measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 4]>,
}

impl Report {
    /// A figure that should be at most `bar`.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, bar: f64, unit: &str, detail: &str) {
        self.row(what, figure, figure <= bar, &format!("≤ {bar}"), unit, detail);
    }

    /// A figure that should be at least `bar`.
    pub(crate) fn at_least(&mut self, what: &str, figure: f64, bar: f64, unit: &str, detail: &str) {
        self.row(what, figure, figure >= bar, &format!("≥ {bar}"), unit, detail);
    }

    fn row(&mut self, what: &str, figure: f64, met: bool, bar: &str, unit: &str, detail: &str) {
        let verdict = if met { "met" } else { "MISSED" };
        let row =
            [what.to_owned(), format!("{figure:.2} {unit}"), format!("{bar} {unit}: {verdict}"), detail.to_owned()];
        eprintln!("{}", row.join(" | "));
        self.rows.push(row);
    }

    /// Prints all rows as a table.
    pub(crate) fn print(&self) {
        println!("| what | figure | bar | detail |\n| --- | --- | --- | --- |");
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
    }
}

/// The middle of some figures.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    quantile(figures, 0.5)
}

/// The figure below which the share `q` of all figures lies.
pub(crate) fn quantile(figures: &mut [f64], q: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let last = figures.len() - 1;
    figures[((last as f64) * q).round() as usize]
}

//! Least squares with a prior: every command draws the mean until its windows say otherwise.
//!
//! `y = a_p + sum(b_i * x_i)`: `a_p` is what package `p` draws for being awake at all, which
//! would otherwise be taken for whoever is always there; the `b_i` are around a common `k` to
//! within a third of it. The prior's weight follows from the noise that the windows show: the
//! more noise, the nearer to the mean.

/// How far from the mean an intensity is expected, as a part of it; and at most.
const SPREAD: f64 = 0.3;
const RANGE: (f64, f64) = (0.25, 4.0);
/// Rounds of coordinate descent; it converges in a few dozen.
const ROUNDS: usize = 200;
/// Times that the noise is estimated anew.
const PASSES: usize = 5;

/// Sums over windows, from which fits and errors follow.
#[derive(Clone, Debug)]
pub struct Moments {
    windows: f64,
    /// How many of the terms are commands; the others are packages.
    commands: usize,
    /// Sums of `x_i * x_j`, row by row.
    products: Vec<f64>,
    /// Sums of `x_i * y`.
    results: Vec<f64>,
    /// Sum of `y * y`.
    squares: f64,
}

impl Moments {
    /// Of no windows, with so many commands and packages.
    pub fn new(commands: usize, packages: usize) -> Self {
        let size = commands + packages;
        let (products, results) = (vec![0.0; size * size], vec![0.0; size]);
        Self { windows: 0.0, commands, products, results, squares: 0.0 }
    }

    /// Adds a window: what each command weighed, on which package, and what was drawn.
    pub fn add(&mut self, weights: &[f64], package: usize, result: f64) {
        let size = self.results.len();
        let mut terms = vec![0.0; size];
        terms[..self.commands].copy_from_slice(weights);
        terms[self.commands + package] = 1.0;
        for (i, x) in terms.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            for (j, other) in terms.iter().enumerate() {
                self.products[i * size + j] += x * other;
            }
            self.results[i] += x * result;
        }
        self.squares += result * result;
        self.windows += 1.0;
    }

    /// Both together.
    pub fn and(mut self, other: &Self) -> Self {
        let pairs = self.products.iter_mut().zip(&other.products);
        pairs.chain(self.results.iter_mut().zip(&other.results)).for_each(|(a, b)| *a += b);
        self.squares += other.squares;
        self.windows += other.windows;
        self
    }

    /// The sum of squares of what a fit does not explain.
    pub fn squared_error(&self, fit: &[f64]) -> f64 {
        let size = self.results.len();
        let linear: f64 = fit.iter().zip(&self.results).map(|(b, result)| b * result).sum();
        let quadratic: f64 = (0..size).map(|i| fit[i] * self.row(i, fit)).sum();
        (self.squares - 2.0 * linear + quadratic).max(0.0)
    }

    /// One figure for all commands.
    pub fn solve_equal(&self) -> Vec<f64> {
        let (mut together, size) =
            (Self::new(1, self.results.len() - self.commands), self.results.len());
        let place = |i: usize| if i < self.commands { 0 } else { i + 1 - self.commands };
        let few = together.results.len();
        for i in 0..size {
            together.results[place(i)] += self.results[i];
            for j in 0..size {
                together.products[place(i) * few + place(j)] += self.products[i * size + j];
            }
        }
        let fit = together.descend(vec![0.0; few], None);
        (0..size).map(|i| fit[place(i)]).collect()
    }

    /// A figure for each command.
    pub fn solve(&self) -> Vec<f64> {
        let equal = self.solve_equal();
        let mean = equal.first().copied().unwrap_or(0.0);
        if mean <= 0.0 {
            return equal;
        }
        // What equal intensities leave unexplained is noise at most; then, what each fit leaves.
        let better = |fit: Vec<f64>, _| {
            let noise = self.squared_error(&fit) / self.windows.max(1.0);
            self.descend(fit, Some((mean, noise / (SPREAD * mean).powi(2))))
        };
        (0..PASSES).fold(equal, better)
    }

    /// Coordinate descent from a fit; `prior`: the mean of the commands, and its weight.
    fn descend(&self, mut fit: Vec<f64>, prior: Option<(f64, f64)>) -> Vec<f64> {
        let size = self.results.len();
        for _ in 0..ROUNDS {
            for i in 0..size {
                let own = self.products[i * size + i];
                let others = self.row(i, &fit) - own * fit[i];
                let (mean, weight) = prior.filter(|_| i < self.commands).unwrap_or_default();
                let best = (self.results[i] - others + weight * mean) / (own + weight);
                if best.is_finite() {
                    let command = prior.is_some() && i < self.commands;
                    let (least, most) = if command { RANGE } else { (0.0, f64::INFINITY) };
                    let unit = if command { mean } else { 1.0 };
                    fit[i] = best.clamp(least * unit, most * unit);
                }
            }
        }
        fit
    }

    fn row(&self, i: usize, fit: &[f64]) -> f64 {
        let size = self.results.len();
        let row = &self.products[i * size..(i + 1) * size];
        row.iter().zip(fit).map(|(product, b)| product * b).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exact_is_found_exactly() {
        let mut moments = Moments::new(2, 1);
        for (a, b) in [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 3.0)] {
            moments.add(&[a, b], 0, 5.0 + 4.0 * a + 2.0 * b);
        }
        let fit = moments.solve();
        assert!((fit[0] - 4.0).abs() < 0.05 && (fit[1] - 2.0).abs() < 0.05, "{fit:?}");
        assert!((fit[2] - 5.0).abs() < 0.1, "{fit:?}");
        assert!(moments.squared_error(&[4.0, 2.0, 5.0]) < 1e-9);
    }

    #[test]
    fn what_a_package_draws_for_being_awake_is_nobodys_intensity() {
        let mut moments = Moments::new(2, 2);
        for scale in 1..20 {
            let x = f64::from(scale);
            // Each command is always on one package, and one package draws more.
            moments.add(&[x, 0.0], 0, 9.0 + 3.0 * x);
            moments.add(&[0.0, x], 1, 3.0 * x);
        }
        let fit = moments.solve();
        assert!((fit[0] / fit[1] - 1.0).abs() < 0.01, "{fit:?}");
    }

    #[test]
    fn what_cannot_be_told_apart_stays_at_the_mean() {
        let mut moments = Moments::new(2, 1);
        for scale in 1..20 {
            let x = f64::from(scale);
            moments.add(&[x, x], 0, 6.0 * x);
        }
        let fit = moments.solve();
        assert!((fit[0] - 3.0).abs() < 1e-3 && (fit[1] - 3.0).abs() < 1e-3, "{fit:?}");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(Moments::new(3, 1).solve(), [0.0; 4]);
    }
}

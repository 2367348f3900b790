//! Least squares with a prior: every command draws the mean until its windows say otherwise.
//!
//! `y = sum(b_i * x_i)`, with `b_i` around a common `k` to within a third of it. The prior's
//! weight follows from the noise that the windows show: the more noise, the nearer to the mean.

/// How far from the mean an intensity is expected, as a part of it; and at most.
const SPREAD: f64 = 0.3;
const RANGE: (f64, f64) = (0.25, 4.0);
/// Rounds of coordinate descent; it converges in a few dozen.
const ROUNDS: usize = 100;
/// Times that the noise is estimated anew.
const PASSES: usize = 5;

/// Sums over windows, from which fits and errors follow.
#[derive(Clone, Debug)]
pub struct Moments {
    windows: f64,
    /// Sums of `x_i * x_j`, row by row.
    products: Vec<f64>,
    /// Sums of `x_i * y`.
    results: Vec<f64>,
    /// Sum of `y * y`.
    squares: f64,
}

impl Moments {
    /// Of no windows with so many weights.
    pub fn new(weights: usize) -> Self {
        let (products, results) = (vec![0.0; weights * weights], vec![0.0; weights]);
        Self { windows: 0.0, products, results, squares: 0.0 }
    }

    /// Adds a window.
    pub fn add(&mut self, weights: &[f64], result: f64) {
        let size = self.results.len();
        for (i, x) in weights.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            for (j, other) in weights.iter().enumerate() {
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
        let row = |i: usize| -> f64 {
            let row = &self.products[i * size..(i + 1) * size];
            row.iter().zip(fit).map(|(product, b)| product * b).sum()
        };
        let quadratic: f64 = fit.iter().enumerate().map(|(i, b)| b * row(i)).sum();
        (self.squares - 2.0 * linear + quadratic).max(0.0)
    }

    /// One figure for all weights.
    pub fn solve_equal(&self) -> Vec<f64> {
        let (product, result): (f64, f64) = (self.products.iter().sum(), self.results.iter().sum());
        let mean = if product > 0.0 { (result / product).max(0.0) } else { 0.0 };
        vec![mean; self.results.len()]
    }

    /// A figure for each weight.
    pub fn solve(&self) -> Vec<f64> {
        let equal = self.solve_equal();
        let mean = equal.first().copied().unwrap_or(0.0);
        if mean <= 0.0 {
            return equal;
        }
        // What equal intensities leave unexplained is noise at most; then, what each fit leaves.
        let better = |fit: Vec<f64>, _| self.descend(mean, self.squared_error(&fit));
        (0..PASSES).fold(equal, better)
    }

    fn descend(&self, mean: f64, error: f64) -> Vec<f64> {
        let size = self.results.len();
        let noise = error / self.windows.max(1.0);
        let prior = noise / (SPREAD * mean).powi(2);
        let mut fit = vec![mean; size];
        for _ in 0..ROUNDS {
            for i in 0..size {
                let own = self.products[i * size + i];
                let row = &self.products[i * size..(i + 1) * size];
                let others: f64 = row.iter().zip(&fit).map(|(product, b)| product * b).sum();
                let others = others - own * fit[i];
                let best = (self.results[i] - others + prior * mean) / (own + prior);
                if best.is_finite() {
                    fit[i] = best.clamp(RANGE.0 * mean, RANGE.1 * mean);
                }
            }
        }
        fit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exact_is_found_exactly() {
        let mut moments = Moments::new(2);
        for (a, b) in [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0)] {
            moments.add(&[a, b], 4.0 * a + 2.0 * b);
        }
        let fit = moments.solve();
        assert!((fit[0] - 4.0).abs() < 0.05 && (fit[1] - 2.0).abs() < 0.05, "{fit:?}");
        assert!(moments.squared_error(&[4.0, 2.0]) < 1e-9);
    }

    #[test]
    fn what_cannot_be_told_apart_stays_at_the_mean() {
        let mut moments = Moments::new(2);
        for scale in 1..20 {
            let x = f64::from(scale);
            moments.add(&[x, x], 6.0 * x);
        }
        let fit = moments.solve();
        assert!((fit[0] - 3.0).abs() < 1e-6 && (fit[1] - 3.0).abs() < 1e-6, "{fit:?}");
    }

    #[test]
    fn noise_and_nothing_give_the_mean() {
        assert_eq!(Moments::new(3).solve(), [0.0; 3]);
        let mut moments = Moments::new(2);
        moments.add(&[1.0, 0.0], 5.0);
        moments.add(&[0.0, 1.0], 3.0);
        let fit = moments.solve();
        assert!(fit[0] > 3.9 && fit[0] < 5.0 && fit[1] > 3.0, "{fit:?}");
    }
}
